// One simulation after the other with @cloud-copilot/iam-simulate, as its README shows, and what they cost:
// `node iam_simulate.mjs FOLDER NPM_PREFIX` reads `simulations.json` and writes `iam-simulate.json`.
//
// Two rounds: documents as parsed JSON, and documents validated beforehand, which spares the program the validation in
// every call. The answers are those of the second round.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, prefix] = process.argv.slice(2)
const from = createRequire(pathToFileURL(join(resolve(prefix), 'package.json')))
const { runSimulation } = await import(pathToFileURL(from.resolve('@cloud-copilot/iam-simulate')))
const policy = await import(pathToFileURL(from.resolve('@cloud-copilot/iam-policy')))

const { documents, simulations } = JSON.parse(readFileSync(join(folder, 'simulations.json'), 'utf8'))

function simulation(question, prepare) {
  const named = (kind) => (name) => ({ name, policy: prepare(name, kind) })
  const levels = (list, kind) =>
    list.map((level, at) => ({ orgIdentifier: `level-${at}`, policies: level.map(named(kind)) }))
  const resourcePolicy = question.resource_policy && prepare(question.resource_policy, 'Resource')
  return {
    identityPolicies: question.identity.map(named('Identity')),
    permissionBoundaryPolicies: question.boundary ? [named('Identity')(question.boundary)] : undefined,
    serviceControlPolicies: levels(question.scps, 'ServiceControl'),
    resourceControlPolicies: levels(question.rcps, 'ResourceControl'),
    resourcePolicy: resourcePolicy ?? undefined,
    request: {
      action: question.action,
      principal: question.principal,
      resource: { accountId: question.owner, resource: question.resource },
      contextVariables: question.context
    }
  }
}

function verdict(response) {
  if (response.resultType === 'error') return `error: ${response.errors.message}`
  return response.overallResult === 'Allowed' ? 'allow' : 'deny'
}

async function round(prepare) {
  const ready = simulations.map((question) => simulation(question, prepare))
  // The first calls compile the program and read its catalogue.
  for (const one of ready.slice(0, 200)) await runSimulation(one, {})
  const verdicts = []
  const started = process.cpuUsage()
  for (const one of ready) verdicts.push(verdict(await runSimulation(one, {})))
  const spent = process.cpuUsage(started)
  return { verdicts, ns: ((spent.user + spent.system) * 1000) / ready.length }
}

const validated = new Map()
function prepared(name, kind) {
  const key = `${kind} ${name}`
  if (!validated.has(key)) {
    validated.set(key, policy.createValidatedPolicy(documents[name], policy[`validate${kind}Policy`]))
  }
  return validated.get(key)
}

const raw = await round((name) => documents[name])
const ready = await round(prepared)
const differing = raw.verdicts.filter((answer, at) => answer !== ready.verdicts[at]).length
const result = { ns_prepared: ready.ns, ns_raw: raw.ns, differing, verdicts: ready.verdicts }
writeFileSync(join(folder, 'iam-simulate.json'), JSON.stringify(result))
