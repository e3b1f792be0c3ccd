// sharp as its documentation shows it for several sizes of one photo: a clone() of the pipeline for each.
import sharp from 'sharp'
import { answerRequests } from './answering.mjs'

const SIZES = { large: 1200, medium: 600, small: 300 }

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
