// Return the input bucket's lifecycle rules: the parameter originals says what becomes of source objects.
module.exports = async ({ resolveVariable }) => {
  const [originals, prefix] = await Promise.all(['originals', 'keyPrefix'].map((name) => resolveVariable(`param:${name}`)));
  const abort = {
    Id: 'abort-incomplete-uploads',
    Status: 'Enabled',
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, // S3's minimum
  };
  const [, action, days] = /^(glacier|expire)-after-([0-9]+)-days$/.exec(String(originals)) || [];
  if (!action) return [abort]; // keep; scripts/packaging/deployment_rules.py refuses anything else
  const change = action === 'expire'
    ? { ExpirationInDays: Number(days) }
    : { Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: Number(days) }] };
  return [abort, { Id: 'originals', Status: 'Enabled', ...(prefix ? { Prefix: String(prefix) } : {}), ...change }];
};
