// Runs what the documentation shows: the pieces of a page are one program, a piece with `require` is one of its own.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sample } from './sample.mjs'

const source = fileURLToPath(new URL('..', import.meta.url))
const repository = join(source, '..')
let place

before(() => {
  place = mkdtempSync(join(tmpdir(), 'ciem-docs-'))
  mkdirSync(join(place, 'node_modules/@types'), { recursive: true })
  symlinkSync(source, join(place, 'node_modules/ciem'), 'junction')
  for (const name of ['apache-arrow', '@types/node']) {
    symlinkSync(join(source, 'node_modules', name), join(place, 'node_modules', name), 'junction')
  }
  mkdirSync(join(place, 'exports'))
  cpSync(sample(), join(place, 'exports/account.json'))
})
after(() => rmSync(place, { recursive: true }))

const pieces = (page, language) =>
  [...readFileSync(join(repository, page), 'utf8').matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map((found) => found[1])

/** Runs a program in `folder` and gives what it prints. */
function run(name, text, folder) {
  writeFileSync(join(place, name), text)
  return execFileSync(process.execPath, [join(place, name)], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

for (const [page, where] of [['docs/node.md', () => repository], ['docs/rightsizing.md', () => repository], ['README.md', () => repository], ['ciem-node/README.md', () => place]]) {
  test(`${page} runs`, () => {
    const all = pieces(page, 'js')
    const [scripts, parts] = [all.filter((piece) => piece.includes('require(')), all.filter((piece) => !piece.includes('require('))]
    assert(parts.length > 0)
    assert(run('page.mjs', parts.join('\n'), where()).length > 0)
    for (const script of scripts) assert(run('piece.cjs', script, where()).length > 0)
  })
}

test('the TypeScript of docs/node.md compiles', () => {
  const [text] = pieces('docs/node.md', 'ts')
  writeFileSync(join(place, 'page.mts'), text)
  const tsc = join(source, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '--strict', '--skipLibCheck', '--noEmit', '--module', 'nodenext', '--types', 'node', 'page.mts'], { cwd: place })
})
