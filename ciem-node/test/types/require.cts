// Compiled, never run: CommonJS sees the same declarations.
import ciem = require('ciem')
import { Snapshot, type Decision } from 'ciem'

export async function use(): Promise<Decision> {
  const snapshot: ciem.Snapshot = await Snapshot.load('exports', { signal: AbortSignal.timeout(1) })
  const error: Error = new Error(`${ciem.CiemError.name} ${ciem.Table.name}`)
  return snapshot.can({ principal: error.message, action: 'a' })
}
