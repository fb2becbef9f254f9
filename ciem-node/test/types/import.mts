// Compiled, never run: the declarations fit every way in which the library is used.
import ciem, { CiemError, Snapshot, Table, simulate } from 'ciem'
import type {
  AccessRow, AccessedRow, BecomeRow, Condition, Coverage, CredentialRow, Decision, EverybodyRow, Explanation, HolderRow, MatrixRow, PermissionRow, Place, PrincipalRow,
  Question, ResourceRow, Session, Statement, Step,
} from 'ciem'

/** Compiles where `A` and `B` are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>): void => undefined

export async function everyVerb(): Promise<void> {
  const signal = AbortSignal.any([AbortSignal.timeout(1000), new AbortController().signal])
  const onProgress = (step: Step): string => `${step.phase} ${step.done} of ${step.total ?? '?'}`
  const work = { signal, onProgress }

  const snapshot = await Snapshot.load('exports')
  await Snapshot.load(new URL('file:///exports'), {})
  await Snapshot.load(['a.json', new URL('file:///b.json')], { onError: 'skip', maxBytes: 1, catalog: {}, ...work })

  const session: Session = { name: 's', tags: { team: 'pay' }, transitiveTags: ['team'], mfa: true, policies: [{}] }
  const context = { 'aws:SourceIp': '10.0.0.1', 'aws:TagKeys': ['a', 'b'], 'aws:MultiFactorAuthPresent': null, n: 1, b: true }
  const options = { context, at: new Date(), unknownContext: 'absent', missingLayer: 'unknown' }
  const question: Question = { principal: 'p', action: 'a', resource: 'r', session, ...options }

  const decision = snapshot.can(question)
  same<typeof decision, Decision>(true)
  const facts: Array<string | undefined> = [decision.verdict, decision.denial, ...(decision.blocked_by ?? [])]
  const condition: Condition | undefined = decision.condition
  const statement: Statement | undefined = decision.statements?.[0]
  facts.push(statement?.sid, decision.missing?.[0]?.how, decision.assumptions?.[0], JSON.stringify(condition))
  const explanation: Explanation = snapshot.explain({ principal: 'p', action: 'a' })
  facts.push(explanation.decision.verdict, ...explanation.layers.map((layer) => layer.stops))

  same<Awaited<ReturnType<typeof snapshot.whoCan>>, Table<HolderRow>>(true)
  const holders = await snapshot.whoCan({ action: 'a', resource: 'r', match: 'all', callerSideOnly: true, ...options, ...work })
  const access: Table<AccessRow> = await snapshot.whatCan({ principal: 'p', action: 's3:*', session, at: '2026-01-01T00:00:00Z', ...work })
  const everybody: Table<EverybodyRow> = await snapshot.whatCan({ action: 's3:*', ...work })
  for (const row of everybody.slice(0, 10)) facts.push(row.principal, row.account, ...row.permissions)
  const matrix: Table<MatrixRow> = await snapshot.matrix({ resource: 'r', ...work })
  const everything: Table<MatrixRow> = await snapshot.matrix()
  const becoming: Table<BecomeRow> = await snapshot.canBecome({ principal: 'p', transitive: false, session, ...options, ...work })
  for (const row of becoming) facts.push(row.from, row.kind, `${row.hops} ${row.mutual}`, ...row.through)
  for (const row of access.slice(0, 10)) facts.push(...row.permissions, ...row.except, row.condition ?? undefined)
  for (const row of matrix.slice(-3)) facts.push(...row.surely, ...row.possibly)

  const principals: PrincipalRow[] = snapshot.principals().toArray()
  const permissions: PermissionRow[] = [...snapshot.permissions()]
  const resources: Iterator<ResourceRow> = snapshot.resources()[Symbol.iterator]()
  const policies: number = principals.filter((row) => row.loaded && row.tags['team'] === 'pay').reduce((n, row) => n + row.policies, 0)
  const credentials: Table<CredentialRow> = snapshot.credentials()
  const accessed: Table<AccessedRow> = snapshot.lastAccessed()
  for (const row of credentials) facts.push(row.credential ?? undefined, row.status ?? undefined)
  for (const row of accessed) facts.push(row.service, row.last_accessed ?? undefined)
  const coverage: Coverage = snapshot.coverage()
  facts.push(coverage.files[0]?.kind, permissions[0]?.access_level, resources.next().value?.resource, `${policies} ${everything.length}`)

  const ipc: Uint8Array = holders.toArrowIPC()
  const wire: { v: number; rows: HolderRow[]; assumptions: string[] } = holders.toJSON()
  facts.push(simulate({ v: 1 }).verdict, `${ipc.byteLength} ${wire.rows.length} ${holders.assumptions.length}`)
  same<typeof ciem.Snapshot, typeof Snapshot>(true)
}

export async function everyError(error: unknown, snapshot: Snapshot): Promise<Place | undefined> {
  // @ts-expect-error a snapshot is made by `load`
  new Snapshot()
  // @ts-expect-error a table is an answer
  new Table()
  // @ts-expect-error a question has an action
  snapshot.can({ principal: 'p' })
  // @ts-expect-error the members of a row are known
  ;(await snapshot.whoCan({ action: 'a' })).slice(0, 1)[0]?.nobody
  // @ts-expect-error `match` has two values
  snapshot.whoCan({ action: 'a', match: 'some' })
  // @ts-expect-error a table is made first
  snapshot.whoCan({ action: 'a' }).toArray()
  // @ts-expect-error `can` answers at once: there is nothing to abort
  snapshot.can({ principal: 'p', action: 'a', signal: AbortSignal.timeout(1) })
  if (!(error instanceof CiemError)) return undefined
  const code: string = error.code
  return code === 'malformed' ? error.place : undefined
}
