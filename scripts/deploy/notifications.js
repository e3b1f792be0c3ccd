// Return the input bucket's notifications: one for each suffix in the parameter keySuffixes, because S3 allows one suffix in each.
module.exports = async ({ resolveVariable }) => {
  const prefix = String(await resolveVariable('param:keyPrefix'));
  const suffixes = String(await resolveVariable('param:keySuffixes')).split(',').map((suffix) => suffix.trim());
  return suffixes.map((suffix) => {
    const rules = [['prefix', prefix], ['suffix', suffix]].filter(([, value]) => value);
    return {
      Event: 's3:ObjectCreated:*',
      Queue: { 'Fn::GetAtt': ['PhotoQueue', 'Arn'] },
      ...(rules.length ? { Filter: { S3Key: { Rules: rules.map(([Name, Value]) => ({ Name, Value })) } } } : {}),
    };
  });
};
