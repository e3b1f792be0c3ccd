// sharp in two ways: `node sharp_peers.mjs clone|chain '{"suffix": "jpg", "options": {...}, "sizes": [...]}'`.
// Prints a line when ready, and one after each JSON request on stdin, until stdin closes.
import { createInterface } from 'node:readline'
import sharp from 'sharp'

const { suffix, options, sizes } = JSON.parse(process.argv[3])
const inside = (box) => ({ width: box, height: box, fit: 'inside', withoutEnlargement: true })

// As sharp's documentation shows it: a clone() of the pipeline for each size.
async function clone(source, into) {
  const pipeline = sharp(source).autoOrient()
  const save = ([name, box, quality]) =>
    pipeline.clone().resize(inside(box)).toFormat(suffix, { quality, ...options }).toFile(`${into}/${name}.${suffix}`)
  await Promise.all(sizes.map(save))
}

// As fast as we know: one decode, each size resized from the pixels of the one before.
async function chain(source, into) {
  let image = sharp(source).autoOrient()
  for (const [name, box, quality] of sizes) {
    const { data, info } = await image.resize(inside(box)).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    const raw = { width: info.width, height: info.height, channels: info.channels }
    await sharp(data, { raw }).toFormat(suffix, { quality, ...options }).toFile(`${into}/${name}.${suffix}`)
    image = sharp(data, { raw })
  }
}

const render = { clone, chain }[process.argv[2]]
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const { source, into } = JSON.parse(line)
  await render(source, into)
  process.stdout.write('done\n')
}
