// sharp as its documentation shows it: a clone() of the pipeline for each size.
import sharp from 'sharp'
import { SIZES, answerRequests } from './request_loop.mjs'

await answerRequests(async (source, into) => {
  const pipeline = sharp(source).autoOrient()
  await Promise.all(
    Object.entries(SIZES).map(([name, box]) =>
      pipeline
        .clone()
        .resize({ width: box, height: box, fit: 'inside', withoutEnlargement: true })
        .jpeg({ quality: 80 })
        .toFile(`${into}/${name}.jpg`)
    )
  )
})
