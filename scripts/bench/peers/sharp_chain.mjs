// sharp at its best: decoded once, each size made from the pixels of the one before.
import sharp from 'sharp'
import { answerRequests } from './answering.mjs'

const SIZES = { large: 1200, medium: 600, small: 300 }

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
