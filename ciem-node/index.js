'use strict'

// Answers as JavaScript objects over their wire form. What an option means and which values it takes is decided by the
// core, which reports a value that it does not know with the code `invalid_request`.

const { setImmediate } = require('node:timers/promises')
const { fileURLToPath } = require('node:url')
const { inspect } = require('node:util')
const native = require('./native.js')

/** Rows that are parsed in one go: the text of a few hundred costs the event loop well under a millisecond or two. */
const PIECE = 256

/** Any failure of the library: a stable `code`, and the `place` in the input if there is one. */
class CiemError extends Error {
  constructor({ code, message, place }) {
    super(message)
    this.name = 'CiemError'
    this.code = code
    this.place = place
  }
}

/** A native answer; throws a native failure. */
function checked(answer) {
  if (answer?.failure === undefined) return answer
  throw new CiemError(JSON.parse(answer.failure))
}

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The same object with option names as the wire has them. */
function wireNames(options) {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [snakeCase(name), value]))
}

/** Options as a wire request. Keys of a context or of tags are the caller's and stay as they are. */
function request(options) {
  const wire = wireNames(options ?? {})
  if (wire.session) wire.session = wireNames(wire.session)
  return JSON.stringify(wire)
}

/**
 * The answer of work on the thread pool that `start` begins. It is rejected with the signal's reason as soon as the
 * signal fires; the work itself stops at its next poll and nobody waits for it.
 */
function longWork(signal, onProgress, start) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    let settled = false
    const settle = (how, what) => {
      settled = true
      signal?.removeEventListener('abort', onAbort)
      how(what)
    }
    const token = new native.CancelToken()
    const stop = (reason) => {
      token.cancel()
      settle(reject, reason)
    }
    const onAbort = () => stop(signal.reason)
    const onStep = (step) => {
      if (settled) return
      try {
        onProgress(step)
      } catch (error) {
        stop(error)
      }
    }
    const work = start(token, onProgress && onStep)
    signal?.addEventListener('abort', onAbort, { once: true })
    work.then(checked).then(
      (answer) => settle(resolve, answer),
      (error) => settle(reject, error),
    )
  })
}

/** An explanation with its forms in words. They are made when they are read, and are no part of the wire form. */
function shown(explanation) {
  const form = (make) => ({ get: () => checked(make(JSON.stringify(explanation))) })
  return Object.defineProperties(explanation, {
    text: form(native.explanationText),
    html: form(native.explanationHtml),
  })
}

/** Rows, each an object, in a stable order. The rows stay in the library; they become objects when they are read. */
class Table {
  #native
  #length

  constructor(native) {
    this.#native = native
    this.#length = native.length
  }

  get length() {
    return this.#length
  }

  /** What the rows take for granted. */
  get assumptions() {
    return this.#native.assumptions
  }

  toArray() {
    return this.slice()
  }

  slice(start, end) {
    const place = (index, without) => {
      const whole = index === undefined ? without : Math.trunc(index) || 0
      return whole < 0 ? Math.max(whole + this.#length, 0) : Math.min(whole, this.#length)
    }
    return [...this.#rows(place(start, 0), place(end, this.#length))]
  }

  [Symbol.iterator]() {
    return this.#rows(0, this.#length)
  }

  /** The rows as an Arrow IPC stream, made outside of JavaScript's memory. */
  toArrowIPC() {
    return checked(this.#native.toArrowIpc())
  }

  /** The wire form. */
  toJSON() {
    return { v: 1, rows: this.toArray(), assumptions: this.assumptions }
  }

  [inspect.custom](depth, options) {
    const more = this.#length > 3 ? ' ...' : ''
    return `Table(${this.#length}) ${inspect(this.slice(0, 3), { ...options, depth: 2 })}${more}`
  }

  *#rows(start, end) {
    for (let piece = start; piece < end; piece += PIECE) {
      yield* JSON.parse(checked(this.#native.rows(piece, Math.min(piece + PIECE, end))))
    }
  }
}

/** The files to load, as paths. */
function files(pathOrPaths, maxBytes) {
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= 0)) {
    throw Object.assign(new RangeError('maxBytes is a whole number of bytes'), { code: 'invalid_request' })
  }
  const paths = Array.isArray(pathOrPaths) ? pathOrPaths : [pathOrPaths]
  return paths.map((path) => (path instanceof URL ? fileURLToPath(path) : path))
}

/** What `Usage` wraps. */
let nativeUsage

/** What was loaded, frozen. */
class Snapshot {
  #native

  constructor(native) {
    this.#native = native
  }

  static async load(pathOrPaths, { onError = 'raise', maxBytes, catalog, signal, onProgress } = {}) {
    const paths = files(pathOrPaths, maxBytes)
    const added = catalog && JSON.stringify(catalog)
    const answer = longWork(signal, onProgress, (token, onStep) =>
      native.NativeSnapshot.load(paths, onError, maxBytes, added, token, onStep),
    )
    return new Snapshot(await answer)
  }

  can(question) {
    return this.#ask('can', question)
  }

  explain(question) {
    return shown(this.#ask('explain', question))
  }

  whoCan(question) {
    return this.#long('who_can', question)
  }

  whatCan(question) {
    return this.#long('what_can', question)
  }

  assignments(question) {
    return this.#long('assignments', question)
  }

  mineRoles(question) {
    return this.#document('mine_roles', question)
  }

  matrix(question) {
    return this.#long('matrix', question)
  }

  canBecome(question) {
    return this.#long('can_become', question)
  }

  whatWouldSettleIt(question) {
    return this.#long('what_would_settle_it', question)
  }

  unused({ of, ...question }) {
    return this.#long('unused', { ...question, of: typeof of === 'string' ? [of] : of })
  }

  rightsize(question) {
    return this.#document('rightsize', question)
  }

  rightsizeEach(question) {
    return this.#long('rightsize_each', question)
  }

  coverage() {
    return this.#ask('coverage')
  }

  principals() {
    return this.#table('principals')
  }

  permissions() {
    return this.#table('permissions')
  }

  resources() {
    return this.#table('resources')
  }

  credentials() {
    return this.#table('credentials')
  }

  lastAccessed() {
    return this.#table('last_accessed')
  }

  #ask(verb, question) {
    return JSON.parse(checked(this.#native.call(verb, request(question))))
  }

  #table(verb) {
    return new Table(checked(this.#native.table(verb, '{}')))
  }

  async #long(verb, { usage, signal, onProgress, ...question } = {}) {
    const wire = request(question)
    const answer = longWork(signal, onProgress, (token, onStep) =>
      usage === undefined
        ? this.#native.tableAsync(verb, wire, token, onStep)
        : this.#native.tableWithUsageAsync(nativeUsage(usage), verb, wire, token, onStep),
    )
    return new Table(await answer)
  }

  async #document(verb, { usage, signal, onProgress, ...question } = {}) {
    const wire = request(question)
    const start = (token, onStep) =>
      usage === undefined
        ? this.#native.ask(verb, wire, token, onStep)
        : this.#native.callWithUsageAsync(nativeUsage(usage), verb, wire, token, onStep)
    return JSON.parse(await longWork(signal, onProgress, start))
  }
}

/** What logs tell of the use of permissions. A value: merging gives a new one. */
class Usage {
  #native

  constructor(native) {
    this.#native = native
  }

  static async load(pathOrPaths, { onError = 'raise', maxBytes, asOf, failedIsUsed, signal, onProgress } = {}) {
    const options = request({ onError, maxBytes, asOf, failedIsUsed })
    const paths = files(pathOrPaths, maxBytes)
    const load = (token, onStep) => native.NativeUsage.load(paths, options, token, onStep)
    return new Usage(await longWork(signal, onProgress, load))
  }

  merge(other) {
    return new Usage(checked(this.#native.merge(other.#native)))
  }

  uses() {
    return new Table(checked(this.#native.table('uses', '{}')))
  }

  coverage() {
    return JSON.parse(checked(this.#native.call('coverage', '{}')))
  }

  static {
    nativeUsage = (usage) => usage.#native
  }
}

/** Pairs that are handed over in one go, and then the event loop has its turn. */
const PAIRS = 8192

/** The fewest roles that give exactly the pairs of a user and a permission. */
async function mineRoles(pairs, { signal, onProgress, ...constraints } = {}) {
  const all = new native.NativeAssignments()
  if (pairs instanceof Table) pairs = pairs.toArrowIPC()
  if (pairs instanceof Uint8Array) {
    all.addArrow(pairs)
  } else {
    let [piece, done] = [[], 0]
    for (const pair of pairs) {
      if (piece.push(pair) < PAIRS) continue
      checked(all.add(JSON.stringify(piece)))
      done += PAIRS
      piece = []
      await setImmediate()
      signal?.throwIfAborted()
      onProgress?.({ phase: 'reading pairs', done })
    }
    checked(all.add(JSON.stringify(piece)))
  }
  const options = request(constraints)
  return JSON.parse(await longWork(signal, onProgress, (token, onStep) => all.mine(options, token, onStep)))
}

/** Decides about loose policies, given in wire form, without an account export. */
function simulate(simulation) {
  return JSON.parse(checked(native.simulate(JSON.stringify(simulation))))
}

const conditionJson = (condition) => (typeof condition === 'string' ? condition : JSON.stringify(condition))

/** A condition in words: that of a decision, or the text in the column `condition` of a row. */
function conditionText(condition) {
  return checked(native.conditionText(conditionJson(condition)))
}

/** A condition as `Condition` blocks of policy statements, or the reason why there are none. */
function conditionBlocks(condition) {
  return JSON.parse(checked(native.conditionBlocks(conditionJson(condition))))
}

/** Whether `new` allows no request that `old` does not allow. */
function checkNoNewAccess(question) {
  return check('check_no_new_access', question)
}

/** Whether a policy allows none of the actions on any part of any of the resources. */
function checkAccessNotGranted(question) {
  return check('check_access_not_granted', question)
}

/** Whether the policy of a resource grants nothing to the public. */
function checkNoPublicAccess(question) {
  return check('check_no_public_access', question)
}

function check(verb, question) {
  return JSON.parse(checked(native.check(verb, request(question))))
}

module.exports = {
  CiemError,
  Snapshot,
  Table,
  Usage,
  checkAccessNotGranted,
  checkNoNewAccess,
  checkNoPublicAccess,
  conditionBlocks,
  conditionText,
  mineRoles,
  simulate,
}
