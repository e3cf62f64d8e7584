// Reads one simulation a line, writes one answer a line: {"answer": "allowed" | "denied" | words}.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  const said = await runSimulation(JSON.parse(line), {})
  const answer =
    said.resultType === 'error'
      ? JSON.stringify(said.errors)
      : said.overallResult === 'Allowed'
        ? 'allowed'
        : 'denied'
  const ignored = said.result?.ignoredContextKeys ?? []
  process.stdout.write(`${JSON.stringify({ answer, ignored, kind: said.resultType })}\n`)
}
