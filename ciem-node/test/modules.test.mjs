// The package as its users name it: `import`, `import()` and `require` give the same things under the same names.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import ciem, * as names from 'ciem'
import { CiemError } from 'ciem'

const require = createRequire(import.meta.url)
const CHECKS = ['checkAccessNotGranted', 'checkNoNewAccess', 'checkNoPublicAccess']
const NAMES = ['CiemError', 'Snapshot', 'Table', 'Usage', ...CHECKS, 'conditionBlocks', 'conditionText', 'mineRoles', 'simulate']
const given = Object.fromEntries(NAMES.map((name) => [name, names[name]]))

test('import by name, by default and as a namespace', async () => {
  assert.deepEqual({ ...ciem }, given)
  assert.deepEqual(Object.keys(await import('ciem')).sort(), [...NAMES, 'default'].sort())
})

test('require by name', () => {
  const { CiemError: error, ...others } = require('ciem')
  assert.deepEqual({ CiemError: error, ...others }, given)
  assert.equal(error, CiemError)
})

test('the package tells its version and hides its insides', () => {
  assert.match(require('ciem/package.json').version, /^\d+\.\d+\.\d+/)
  assert.throws(() => require('ciem/native.js'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' })
})
