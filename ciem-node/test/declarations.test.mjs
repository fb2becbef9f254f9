// What index.d.ts declares is what there is: names, members of classes, members of rows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { tableFromIPC } from 'apache-arrow'
import ts from 'typescript'
import ciem from '../index.js'
import { ESTATE, LOGS, QUESTION, sample } from './sample.mjs'

const path = fileURLToPath(new URL('../index.d.ts', import.meta.url))
const program = ts.createProgram([path], { strict: true, types: [] })
const checker = program.getTypeChecker()
const exported = new Map(
  checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path))).map((each) => [each.name, each]),
)
const names = (symbols) => symbols.map((symbol) => symbol.name).sort()
const shown = (keys) => keys.filter((key) => typeof key === 'string' && !/^(constructor|prototype|length|name)$/.test(key)).sort()
const ofType = (name) => names(checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(exported.get(name))))

test('values and classes', () => {
  const values = [...exported.values()].filter((symbol) => symbol.flags & ts.SymbolFlags.Value)
  assert.deepEqual(names(values), Object.keys(ciem).sort())
  for (const name of ['Snapshot', 'Table', 'Usage']) {
    const declared = ofType(name).filter((member) => !member.startsWith('__@') && member !== 'length')
    assert.deepEqual(declared, shown(Reflect.ownKeys(ciem[name].prototype)), name)
    const statics = names(checker.getPropertiesOfType(checker.getTypeOfSymbol(exported.get(name))))
    assert.deepEqual(shown(statics), shown(Reflect.ownKeys(ciem[name])), name)
  }
})

test('rows and documents', async () => {
  const snapshot = await ciem.Snapshot.load(sample())
  const usage = await ciem.Usage.load(LOGS)
  const tables = {
    HolderRow: await snapshot.whoCan({ action: 's3:GetObject' }),
    AccessRow: await snapshot.whatCan({ principal: QUESTION.principal }),
    EverybodyRow: await snapshot.whatCan(),
    MatrixRow: await snapshot.matrix(),
    UnusedRow: await snapshot.unused({ usage, at: '2026-11-01T00:00:00Z' }),
    ProposalRow: await snapshot.rightsizeEach({ usage, at: '2026-11-01T00:00:00Z' }),
    UseRow: usage.uses(),
    BecomeRow: await snapshot.canBecome(),
    SettlingRow: await snapshot.whatWouldSettleIt(),
    PrincipalRow: snapshot.principals(),
    PermissionRow: snapshot.permissions(),
    ResourceRow: (await ciem.Snapshot.load(ESTATE)).resources(),
  }
  // The columns are those of an answer without rows, too.
  tables.CredentialRow = snapshot.credentials()
  tables.AccessedRow = snapshot.lastAccessed()
  for (const [name, table] of Object.entries(tables)) {
    const columns = tableFromIPC(table.toArrowIPC()).schema.fields.map((field) => field.name)
    assert.deepEqual(columns.sort(), ofType(name), name)
  }
  assert.deepEqual(Object.keys(snapshot.coverage()).sort(), ofType('Coverage'))
  const blocks = ciem.conditionBlocks({ and: [] })
  const documents = { Decision: snapshot.can(QUESTION), Explanation: snapshot.explain(QUESTION), ConditionBlocks: blocks }
  for (const [name, document] of Object.entries(documents)) {
    const undeclared = Object.keys(document).filter((member) => !ofType(name).includes(member))
    assert.deepEqual(undeclared, [], name)
  }
})
