// Return the first characters of the hash of uv.lock, the dependencies of the function and of its layer.
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');

module.exports = () => {
  const lock = fs.readFileSync(path.join(__dirname, '..', '..', 'uv.lock'));
  return crypto.createHash('sha256').update(lock).digest('hex').slice(0, 12);
};
