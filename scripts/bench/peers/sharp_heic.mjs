// Whether sharp reads a HEIC: `node sharp_heic.mjs FILE` prints the suffixes that it lists, and what it says of the file.
import sharp from 'sharp'

const read = sharp(process.argv[2]).resize(100).jpeg().toBuffer()
const said = await read.then(() => 'read', (error) => error.message.split('\n').at(-1))
process.stdout.write(JSON.stringify({ lists: sharp.format.heif.input.fileSuffix, said }))
