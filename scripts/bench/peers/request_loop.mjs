// Prints a line when ready, then renders each JSON request on stdin and prints a line, until stdin closes.
import { createInterface } from 'node:readline'

export const SIZES = { large: 1200, medium: 600, small: 300 }

export async function answerRequests(render) {
  process.stdout.write('ready\n')
  for await (const line of createInterface({ input: process.stdin })) {
    const { source, into } = JSON.parse(line)
    await render(source, into)
    process.stdout.write('done\n')
  }
}
