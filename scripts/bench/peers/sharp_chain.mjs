// sharp as fast as we know: one decode, each size resized from the pixels of the one before.
import sharp from 'sharp'
import { SIZES, answerRequests } from './request_loop.mjs'

const inside = (box) => ({ width: box, height: box, fit: 'inside', withoutEnlargement: true })

await answerRequests(async (source, into) => {
  let image = sharp(source).autoOrient()
  for (const [name, box] of Object.entries(SIZES)) {
    const { data, info } = await image.resize(inside(box)).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    const raw = { width: info.width, height: info.height, channels: info.channels }
    await sharp(data, { raw }).jpeg({ quality: 80 }).toFile(`${into}/${name}.jpg`)
    image = sharp(data, { raw })
  }
})
