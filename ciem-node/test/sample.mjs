// A small account export: `ana` may read one bucket, `bob` may do nothing. Files last as long as the process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const place = mkdtempSync(join(tmpdir(), 'ciem-'))
process.once('exit', () => rmSync(place, { recursive: true }))

export const arn = (name) => `arn:aws:iam::111122223333:user/${name}`
export const READ = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::pay/*' }
export const QUESTION = { principal: arn('ana'), action: 's3:GetObject', resource: 'arn:aws:s3:::pay/report.csv' }

export function user(name, ...statements) {
  const document = { Version: '2012-10-17', Statement: statements }
  return {
    Path: '/',
    UserName: name,
    UserId: `AIDA${name.toUpperCase().padEnd(17, '0')}`,
    Arn: arn(name),
    CreateDate: '2024-01-01T00:00:00+00:00',
    UserPolicyList: statements.length ? [{ PolicyName: 'own', PolicyDocument: document }] : [],
    GroupList: [],
    AttachedManagedPolicies: [],
    Tags: [],
  }
}

export function file(name, content) {
  const path = join(mkdtempSync(join(place, 'export-')), name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

export const account = (...users) =>
  file('account.json', { UserDetailList: users, GroupDetailList: [], RoleDetailList: [], Policies: [] })

export const sample = () => account(user('ana', READ), user('bob'))

/** An export of many users, each with a policy of its own: 8,000 make ten megabytes. Made once. */
export function large(users = 8_000) {
  if (!made.has(users)) made.set(users, account(...Array.from({ length: users }, (_, i) => colleague(i))))
  return made.get(users)
}
const made = new Map()

function colleague(number) {
  const own = `arn:aws:s3:::pay/${number}/`
  const actions = ['s3:GetObject', 's3:PutObject', 's3:ListBucket', 'sqs:SendMessage', 'kms:Decrypt']
  const statements = actions.map((Action) => ({ Effect: 'Allow', Action, Resource: [`${own}*`, `${own}${'x'.repeat(80)}`] }))
  return user(number === 0 ? 'ana' : `user${number}`, ...statements)
}

/** The sample estate of the project. */
export const ESTATE = new URL('../../examples/estate', import.meta.url)
export const LOGS = new URL('../../examples/estate_logs', import.meta.url)
