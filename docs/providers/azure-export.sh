#!/usr/bin/env bash
# Exports everything that ciem reads of Azure, with read-only calls, in one folder.
#
#   azure-export.sh OUT                 the signed-in tenant, all its enabled subscriptions
#
# Needs the Azure CLI and jq, signed in with Reader at the root management group and Directory Readers. Run it
# again after an interruption: what is there already is not fetched again. A call that is denied is named in
# OUT/failed.txt, and the rest goes on. No secret is read or written.
set -uo pipefail

out=${1-}
[ -n "$out" ] || { sed -n '2,4p' "$0" >&2; exit 2; }
mkdir -p "$out" || exit 1
umask 077
failed="$out/failed.txt"
: > "$failed"

# save FILE FILTER COMMAND...: the answer, passed through jq, in FILE; nothing is left of one that failed.
save() {
  local file="$out/$1" filter=$2
  shift 2
  [ -s "$file" ] && return 0
  if az "$@" --output json 2> "$file.error" | jq -c "$filter" > "$file.part" 2> /dev/null && [ -s "$file.part" ]; then
    mv "$file.part" "$file"
  else
    printf '%s: %s\n' "$*" "$(tr '\n' ' ' < "$file.error")" >> "$failed"
  fi
  rm -f "$file.part" "$file.error"
}

# A list that may be empty says what it is a list of.
typed() { printf '{type: "Microsoft.Authorization/%s", value: .}' "$1"; }
listed() { printf '{"@odata.context": "#%s", value: .}' "$1"; }

# pages FILE KIND URL: every page of the API, as one list that says what it is a list of.
pages() {
  local file="$out/$1" kind=$2 url=$3 page
  [ -s "$file" ] && return 0
  : > "$file.pages"
  while [ -n "$url" ]; do
    if ! page=$(az rest --method get --url "$url" --output json 2> "$file.error"); then
      printf '%s: %s\n' "$url" "$(tr '\n' ' ' < "$file.error")" >> "$failed"
      rm -f "$file.pages" "$file.error"
      return 0
    fi
    printf '%s\n' "$page" >> "$file.pages"
    url=$(jq -r '.nextLink // .["@odata.nextLink"] // empty' <<< "$page")
  done
  jq -cs "$kind + {value: map(.value) | add}" "$file.pages" > "$file"
  rm -f "$file.pages" "$file.error"
}
list_of() { printf '{type: "Microsoft.Authorization/%s"}' "$1"; }

api=https://management.azure.com
graph=https://graph.microsoft.com/v1.0
authorization=providers/Microsoft.Authorization

save subscriptions.json . account list --all
tenant=$(az account show --query tenantId --output tsv)
save management-groups.json . account management-group show --name "$tenant" --expand --recurse
save operations.json . provider operation list
save users.json "$(listed users)" ad user list
save groups.json "$(listed groups)" ad group list
save service-principals.json "$(listed servicePrincipals)" ad sp list --all
save applications.json "$(listed applications)" ad app list --all

# owners LIST [NAME]: of each object of the list, who owns it.
owners() {
  local id
  for id in $(jq -r '.value[].id' "$out/$1.json" 2> /dev/null); do
    pages "owners-$id.json" "{ownersOf: \"$id\"}" "$graph/${2-$1}/$id/owners"
  done
}
owners groups
owners applications
owners service-principals servicePrincipals

for group in $(jq -r '.value[].id' "$out/groups.json" 2> /dev/null); do
  save "members-$group.json" "{groupId: \"$group\", value: .}" ad group member list --group "$group"
done
# Who can activate, or has activated, membership (Privileged Identity Management for groups).
membership=identityGovernance/privilegedAccess/group
for group in $(jq -r '.value[] | select(.securityEnabled).id' "$out/groups.json" 2> /dev/null); do
  for kind in eligibilityScheduleInstances assignmentScheduleInstances; do
    pages "$kind-$group.json" "{\"@odata.context\": \"#$membership/$kind\"}" \
      "$graph/$membership/$kind?\$filter=groupId%20eq%20'$group'"
  done
done
for subscription in $(jq -r '.[] | select(.state == "Enabled").id' "$out/subscriptions.json"); do
  scope=subscriptions/$subscription
  save "role-assignments-$subscription.json" "$(typed roleAssignments)" \
    role assignment list --all --subscription "$subscription"
  save "role-definitions-$subscription.json" "$(typed roleDefinitions)" \
    role definition list --subscription "$subscription"
  save "resources-$subscription.json" . resource list --subscription "$subscription"
  save "resource-groups-$subscription.json" . group list --subscription "$subscription"
  save "clusters-$subscription.json" . aks list --subscription "$subscription"
  save "delegations-$subscription.json" . managedservices assignment list --include-definition true \
    --subscription "$subscription"
  pages "deny-assignments-$subscription.json" "$(list_of denyAssignments)" \
    "$api/$scope/$authorization/denyAssignments?api-version=2022-04-01"
  for kind in roleEligibilityScheduleInstances roleAssignmentScheduleInstances; do
    pages "$kind-$subscription.json" "$(list_of $kind)" "$api/$scope/$authorization/$kind?api-version=2020-10-01"
  done
  pages "classic-administrators-$subscription.json" "$(list_of classicAdministrators)" \
    "$api/$scope/$authorization/classicAdministrators?api-version=2015-07-01"
done
[ -s "$failed" ] && printf 'some calls failed, see %s\n' "$failed" >&2 || rm -f "$failed"
