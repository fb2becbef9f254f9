// Compiled, never run: the declarations fit the way the library is used.
import { CiemError, Snapshot, Table, simulate, type Decision, type HolderRow } from '../index.js'

export async function use(): Promise<string[]> {
  const snapshot = await Snapshot.load(['a.json', new URL('file:///b.json')], { onError: 'skip', maxBytes: 1 })
  const question = { principal: 'p', action: 'a', resource: 'r' }
  const decision: Decision = snapshot.can({ ...question, context: { key: ['a'], gone: null }, session: { transitiveTags: [] } })
  const holders: Table<HolderRow> = await snapshot.whoCan({ action: 'a', match: 'all', unknownContext: 'absent' })
  const names = [...holders].map((row) => row.principal)
  for (const row of (await snapshot.whatCan({ principal: 'p' })).slice(0, 10)) names.push(...row.permissions)
  names.push(decision.verdict, simulate({}).verdict, snapshot.explain(question).decision.verdict)
  names.push(`${(await snapshot.matrix()).length} ${snapshot.coverage().files.length} ${snapshot.principals().length}`)
  names.push(...snapshot.principals().toArray().flatMap((row) => (row.loaded ? [row.principal] : [])))
  // @ts-expect-error a snapshot is made by `load`
  new Snapshot()
  return names.filter((error: unknown) => !(error instanceof CiemError && error.place?.pointer))
}
