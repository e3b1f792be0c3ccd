// Says that it is ready, then answers each line of stdin, a JSON request, once its photo is done.
import { createInterface } from 'node:readline'

export async function answerRequests(render) {
  process.stdout.write('ready\n')
  for await (const line of createInterface({ input: process.stdin })) {
    const { source, into } = JSON.parse(line)
    await render(source, into)
    process.stdout.write('done\n')
  }
}
