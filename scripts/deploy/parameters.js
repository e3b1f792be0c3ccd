// Return every parameter of serverless.yml with its value in this deployment. The template keeps them in its metadata,
// so that the next deployment can tell what it would change. CloudFormation fills in no account there: ${ would promise it.
module.exports = async ({ resolveVariable }) => {
  const names = Object.keys(await resolveVariable('self:params.default'));
  const values = await Promise.all(names.map((name) => resolveVariable(`param:${name}`)));
  return Object.fromEntries(names.map((name, i) => [name, String(values[i]).replaceAll('${AWS::', '{AWS::')]));
};
