// Runs the worlds of `ciem-core/testdata/conformance`; the README there says how they are written and compared.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ciem from '../index.js'

const folder = fileURLToPath(new URL('../../ciem-core/testdata/conformance/', import.meta.url))
const camelCase = (name) => name.replace(/_[a-z]/g, (part) => part[1].toUpperCase())

for (const name of readdirSync(folder).filter((name) => name.endsWith('.json')).sort()) {
  test(name, async () => {
    const world = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    const home = process.cwd()
    const place = mkdtempSync(join(tmpdir(), 'ciem-world-'))
    process.chdir(place)
    try {
      for (const file of [...world.files, ...(world.logs ?? [])]) writeFileSync(file.name, content(file))
      await run(world)
    } finally {
      process.chdir(home)
      rmSync(place, { recursive: true })
    }
  })
}

async function run(world) {
  const names = world.files.map((file) => file.name)
  const loading = ciem.Snapshot.load(names, { onError: world.on_error, catalog: world.catalog })
  if (world.load_error) {
    const error = await failure(loading)
    const found = { code: error.code, ...error.place }
    for (const key in world.load_error) assert.equal(found[key], world.load_error[key])
    return
  }
  const snapshot = await loading
  const usage = world.logs && (await ciem.Usage.load(world.logs.map((file) => file.name)))
  for (const ask of world.ask) {
    const answering = call(snapshot, usage, ask.verb, ask.request ?? {})
    if (ask.error) {
      assert.equal((await failure(answering)).code, ask.error, JSON.stringify(ask))
    } else {
      const found = await answering
      const lines = ask.text ? found.text.split('\n').map((line) => line.trimStart()) : []
      for (const line of ask.text ?? []) assert(lines.includes(line), `${line}\n${found.text}`)
      const answer = JSON.parse(JSON.stringify(found))
      assert.equal(mismatch(ask.expect, answer), undefined, JSON.stringify({ ask, answer }))
    }
  }
}

async function call(snapshot, usage, verb, request) {
  if (verb === 'usage_coverage') return usage.coverage()
  if (verb === 'uses') return usage.uses()
  if (['unused', 'rightsize', 'rightsize_each'].includes(verb) || request.window) return snapshot[camelCase(verb)]({ usage, ...request })
  if (verb.startsWith('condition_')) return ciem[camelCase(verb)](request.condition)
  if (verb === 'simulate') return ciem.simulate(request)
  if (request.pairs) return ciem.mineRoles(request.pairs, request)
  return (verb.startsWith('check_') ? ciem : snapshot)[camelCase(verb)](request)
}

async function failure(promise) {
  const error = await promise.then(() => assert.fail('expected an error'), (error) => error)
  assert(error instanceof ciem.CiemError, error)
  return error
}

function content(file) {
  if ('json' in file) return JSON.stringify(file.json)
  return 'text' in file ? file.text : Buffer.from(file.base64, 'base64')
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Where `expected` does not describe a part of `actual`; undefined if it does. */
function mismatch(expected, actual, at = '') {
  if (isObject(expected) && Array.isArray(actual) && Object.keys(expected).some((key) => key.startsWith('$'))) {
    const failed = Object.keys(expected).find((key) => !arrayChecks[key](expected[key], actual))
    return failed && `${at} ${failed}`
  }
  if (isObject(expected) && isObject(actual)) {
    return first(Object.keys(expected), (key) => member(expected[key], actual, key, `${at}/${key}`))
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return first(expected.keys(), (i) => mismatch(expected[i], actual[i], `${at}/${i}`))
  }
  if (isObject(expected) && typeof actual === 'string') return inText(expected, actual, at)
  return expected === actual ? undefined : `\`${at}\` is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`
}

/** Columns hold conditions as JSON text. */
function inText(expected, text, at) {
  try {
    return mismatch(expected, JSON.parse(text), at)
  } catch (error) {
    if (error instanceof SyntaxError) return `\`${at}\` is no JSON text: ${text}`
    throw error
  }
}

function member(expected, actual, key, at) {
  if (isObject(expected) && expected.$absent === true) return (actual[key] ?? null) === null ? undefined : `${at} is there`
  return Object.hasOwn(actual, key) ? mismatch(expected, actual[key], at) : `${at} is absent`
}

function first(keys, check) {
  for (const key of keys) {
    const found = check(key)
    if (found) return found
  }
}

const some = (wanted, items) => items.some((item) => mismatch(wanted, item) === undefined)

const arrayChecks = {
  $contains: (listed, items) => listed.every((wanted) => some(wanted, items)),
  $none: (listed, items) => !listed.some((wanted) => some(wanted, items)),
  $length: (length, items) => items.length === length,
}
