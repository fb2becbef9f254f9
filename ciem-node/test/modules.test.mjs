// The package as its users name it: `import`, `import()` and `require` give the same things under the same names.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import ciem, { CiemError, Snapshot, Table, conditionBlocks, conditionText, simulate } from 'ciem'

const require = createRequire(import.meta.url)
const NAMES = ['CiemError', 'Snapshot', 'Table', 'conditionBlocks', 'conditionText', 'simulate']

test('import by name, by default and as a namespace', async () => {
  assert.deepEqual({ ...ciem }, { CiemError, Snapshot, Table, conditionBlocks, conditionText, simulate })
  assert.deepEqual(Object.keys(await import('ciem')).sort(), [...NAMES, 'default'].sort())
})

test('require by name', () => {
  const { CiemError: error, ...others } = require('ciem')
  assert.deepEqual(others, { Snapshot, Table, conditionBlocks, conditionText, simulate })
  assert.equal(error, CiemError)
})

test('the package tells its version and hides its insides', () => {
  assert.match(require('ciem/package.json').version, /^\d+\.\d+\.\d+/)
  assert.throws(() => require('ciem/native.js'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' })
})
