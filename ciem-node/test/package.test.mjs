// What `npm pack` makes: the files that a user needs and no others, installed into an empty project without a compiler,
// a download or an install script.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { QUESTION, sample } from './sample.mjs'

const source = fileURLToPath(new URL('..', import.meta.url))
const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32', stdio: ['ignore', 'pipe', 'pipe'] })
let project
let packed

before(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'ciem-project-')))
  packed = JSON.parse(npm(source, 'pack', '--json', '--ignore-scripts', '--pack-destination', project))[0]
  writeFileSync(join(project, 'package.json'), '{"name": "empty", "version": "1.0.0", "private": true}')
  npm(project, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', join(project, packed.filename))
})
after(() => rmSync(project, { recursive: true }))

test('the files: the library, its declarations, the addon, the licences', () => {
  const files = packed.files.map((file) => file.path)
  const addons = files.filter((path) => path.endsWith('.node'))
  assert(addons.some((path) => path.includes(`${process.platform}-${process.arch}`)), `${addons}`)
  assert.deepEqual(
    files.filter((path) => !addons.includes(path)).sort(),
    [
      'LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.md', 'index.d.mts', 'index.d.ts', 'index.js', 'index.mjs', 'native.d.ts',
      'native.js', 'package.json',
    ],
  )
})

test('nothing runs at installation and nothing else is needed', () => {
  const manifest = JSON.parse(readFileSync(join(project, 'node_modules/ciem/package.json'), 'utf8'))
  for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(manifest.scripts[hook], undefined)
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies']) assert.equal(manifest[kind], undefined)
})

const programs = {
  'module.mjs': `import ciem, { Snapshot, CiemError, Table, simulate } from 'ciem'
    const snapshot = await Snapshot.load(process.argv[2])
    console.log(snapshot.can(JSON.parse(process.argv[3])).verdict, ciem.Table === Table, typeof simulate, CiemError.name)`,
  'script.cjs': `const { Snapshot, CiemError, Table, simulate } = require('ciem')
    Snapshot.load(process.argv[2]).then((snapshot) =>
      console.log(snapshot.can(JSON.parse(process.argv[3])).verdict, require('ciem').Table === Table, typeof simulate, CiemError.name))`,
}
for (const [name, program] of Object.entries(programs)) {
  test(`${name} uses the installed package`, () => {
    writeFileSync(join(project, name), program)
    const args = [name, sample(), JSON.stringify(QUESTION)]
    assert.equal(execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' }), 'allow true function CiemError\n')
  })
}

test('TypeScript finds the declarations of the installed package', () => {
  writeFileSync(join(project, 'use.mts'), "import { Snapshot } from 'ciem'\nexport const load: Promise<Snapshot> = Snapshot.load('x')\n")
  writeFileSync(join(project, 'use.cts'), "import ciem = require('ciem')\nexport const load: Promise<ciem.Snapshot> = ciem.Snapshot.load('x')\n")
  const tsc = join(source, 'node_modules/typescript/bin/tsc')
  const types = ['--types', 'node', '--typeRoots', join(source, 'node_modules/@types')]
  const args = [tsc, '--strict', '--skipLibCheck', '--noEmit', '--module', 'nodenext', ...types, 'use.mts', 'use.cts']
  execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
})
