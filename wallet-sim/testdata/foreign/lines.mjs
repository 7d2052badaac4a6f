// The test that starts a program drives it by lines of JSON on standard input, one answer each. What a program needs of the test in
// between it asks for by a line {"need": …}.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = message => process.stdout.write(JSON.stringify(message) + '\n')
const hear = async () => {
  const { value, done } = await lines.next()
  return done ? null : JSON.parse(value)
}

export const need = async what => { say({ need: what }); return hear() }

// obey does what it is told until there is nothing more to do.
export async function obey(does) {
  for (let order = await hear(); order; order = await hear()) {
    try {
      say({ done: (await does[order.do](order)) ?? null })
    } catch (e) {
      say({ failed: `${e.message} ${e.response ? e.response.status : ''} ${JSON.stringify(e.errorResponse ?? '')}`, stack: e.stack })
    }
  }
}
