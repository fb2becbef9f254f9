'use strict'

// Answers as JavaScript objects over their wire form. What an option means and which values it takes is decided by the
// core, which reports a value that it does not know with the code `invalid_request`.

const { fileURLToPath } = require('node:url')
const native = require('./native.js')

/** Any failure of the library: a stable `code`, and the `place` in the input if there is one. */
class CiemError extends Error {
  constructor({ code, message, place }) {
    super(message)
    this.name = 'CiemError'
    this.code = code
    this.place = place
  }
}

/** The text of a native answer; throws a native failure. */
function text(answer) {
  if (answer.failure === undefined) return answer
  throw new CiemError(JSON.parse(answer.failure))
}

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The same object with option names as the wire has them. */
function wireNames(options) {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [snakeCase(name), value]))
}

/** Options as a wire request. Keys of a context or of tags are the caller's and stay as they are. */
function request(options = {}) {
  const wire = wireNames(options)
  if (wire.session) wire.session = wireNames(wire.session)
  return JSON.stringify(wire)
}

/** Rows, each an object, in a stable order; read from the native answer when they are first needed. */
class Table {
  #text
  #wire

  constructor(text) {
    this.#text = text
  }

  get #answer() {
    if (this.#wire === undefined) {
      this.#wire = JSON.parse(this.#text)
      this.#text = undefined
    }
    return this.#wire
  }

  get length() {
    return this.#answer.rows.length
  }

  /** What the rows take for granted. */
  get assumptions() {
    return this.#answer.assumptions
  }

  toArray() {
    return this.#answer.rows.slice()
  }

  slice(start, end) {
    return this.#answer.rows.slice(start, end)
  }

  [Symbol.iterator]() {
    return this.#answer.rows[Symbol.iterator]()
  }

  /** The wire form. */
  toJSON() {
    return this.#answer
  }
}

/** What was loaded, frozen. */
class Snapshot {
  #native

  constructor(native) {
    this.#native = native
  }

  static async load(pathOrPaths, { onError = 'raise', maxBytes, catalog } = {}) {
    if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= 0)) {
      throw new RangeError('maxBytes is a whole number of bytes')
    }
    const paths = (Array.isArray(pathOrPaths) ? pathOrPaths : [pathOrPaths]).map((path) =>
      path instanceof URL ? fileURLToPath(path) : path,
    )
    const answer = native.NativeSnapshot.load(paths, onError, maxBytes, catalog && JSON.stringify(catalog))
    return new Snapshot(text(await answer))
  }

  can(question) {
    return this.#ask('can', question)
  }

  explain(question) {
    return this.#ask('explain', question)
  }

  whoCan(question) {
    return this.#table('who_can', question)
  }

  whatCan(question) {
    return this.#table('what_can', question)
  }

  matrix(question) {
    return this.#table('matrix', question)
  }

  coverage() {
    return this.#ask('coverage')
  }

  principals() {
    return new Table(this.#call('principals'))
  }

  permissions() {
    return new Table(this.#call('permissions'))
  }

  resources() {
    return new Table(this.#call('resources'))
  }

  credentials() {
    return new Table(this.#call('credentials'))
  }

  lastAccessed() {
    return new Table(this.#call('last_accessed'))
  }

  #call(verb, question) {
    return text(this.#native.call(verb, request(question)))
  }

  #ask(verb, question) {
    return JSON.parse(this.#call(verb, question))
  }

  async #table(verb, question) {
    return new Table(text(await this.#native.callAsync(verb, request(question))))
  }
}

/** Decides about loose policies, given in wire form, without an account export. */
function simulate(simulation) {
  return JSON.parse(text(native.simulate(JSON.stringify(simulation))))
}

module.exports = { CiemError, Snapshot, Table, simulate }
