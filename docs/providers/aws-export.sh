#!/usr/bin/env bash
# Exports everything that ciem reads of AWS, with read-only calls, in one folder.
#
#   aws-export.sh OUT [REGION ...]      this account: identities, credentials, use, resource policies, tags
#   aws-export.sh --organization OUT    once, in the management account: tree, guardrails, Identity Center
#
# Needs the AWS CLI (version 2) and jq, with credentials of the account in the usual places; SecurityAudit is
# enough for nearly all. Run it again after an interruption: what is there already is not fetched again. A call
# that is denied is named in OUT/failed.txt (failed-organization.txt), and the rest goes on. No secret is read or written: no secret values,
# no key material.
set -uo pipefail

usage() { sed -n '2,6p' "$0" >&2; exit 2; }
organization=
if [ "${1-}" = --organization ]; then organization=1; shift; fi
out=${1-}
[ -n "$out" ] || usage
shift
mkdir -p "$out" || exit 1
umask 077
failed="$out/failed${organization:+-organization}.txt"
: > "$failed"

# save FILE FILTER COMMAND...: the answer, passed through jq, in FILE; nothing is left of one that failed. An empty
# answer (there is no such policy) leaves nothing either.
save() {
  local file="$out/$1" filter=$2
  shift 2
  [ -s "$file" ] && return 0
  if aws "$@" --output json 2> "$file.error" | jq "$filter" > "$file.part" 2> /dev/null && [ -s "$file.part" ]; then
    mv "$file.part" "$file"
  else
    [ -s "$file.error" ] && ! grep -qE 'NoSuch|NotFound|not exist' "$file.error" &&
      { printf '%s: %s\n' "$*" "$(tr '\n' ' ' < "$file.error")"; } >> "$failed"
  fi
  rm -f "$file.part" "$file.error"
}

# list QUERY COMMAND...: names, one per line.
list() {
  local query=$1
  shift
  aws "$@" --query "$query" --output text 2> /dev/null | tr '\t' '\n' | grep -vE '^(None)?$'
}

# A file name from any text.
name() { printf '%s' "$1" | tr -c 'A-Za-z0-9._-' '_'; }

account=$(aws sts get-caller-identity --query Account --output text) || exit 1
own=". + {AccountId: \"$account\"}"

last_accessed() { # ARN
  local file job status
  file="$account.last-accessed.$(name "$1").json"
  [ -s "$out/$file" ] && return 0
  job=$(aws iam generate-service-last-accessed-details --arn "$1" --granularity ACTION_LEVEL \
    --query JobId --output text 2> /dev/null) || { printf 'last accessed: %s\n' "$1" >> "$failed"; return 0; }
  status=IN_PROGRESS
  while [ "$status" = IN_PROGRESS ]; do
    sleep 1
    status=$(aws iam get-service-last-accessed-details --job-id "$job" --query JobStatus --output text 2> /dev/null)
  done
  save "$file" ". + {Arn: \"$1\"}" iam get-service-last-accessed-details --job-id "$job" --max-items 1000
}

identities() {
  save "$account.iam.json" . iam get-account-authorization-details
  aws iam generate-credential-report > /dev/null 2>&1
  sleep 3
  save "$account.credential-report.json" . iam get-credential-report
  save "$account.mfa.json" . iam list-virtual-mfa-devices --assignment-status Assigned
  save "$account.instance-profiles.json" . iam list-instance-profiles
  [ -s "$out/$account.iam.json" ] || return 0
  jq -r '.UserDetailList[].UserName' "$out/$account.iam.json" | while read -r user; do
    save "$account.keys.$(name "$user").json" "$own" iam list-access-keys --user-name "$user"
    save "$account.devices.$(name "$user").json" "$own" iam list-mfa-devices --user-name "$user"
  done
  jq -r '.UserDetailList[].Arn, .RoleDetailList[].Arn' "$out/$account.iam.json" | while read -r arn; do
    last_accessed "$arn"
  done
}

buckets() {
  save "$account.block.json" "$own" s3control get-public-access-block --account-id "$account"
  list 'Buckets[].Name' s3api list-buckets | while read -r bucket; do
    local with="$own + {Bucket: \"$bucket\"}"
    save "$account.bucket.$bucket.json" "$with" s3api get-bucket-policy --bucket "$bucket"
    save "$account.block.$bucket.json" "$with" s3api get-public-access-block --bucket "$bucket"
    save "$account.tags.$bucket.json" "$with" s3api get-bucket-tagging --bucket "$bucket"
    save "$account.abac.$bucket.json" "$with" s3api get-bucket-abac --bucket "$bucket"
  done
}

resources() { # REGION
  local region=$1 at with
  at="$account.$region"
  with="$own + {Region: \"$region\"}"
  export AWS_REGION=$region
  save "$at.tags.json" "$own" resourcegroupstaggingapi get-resources
  save "$at.endpoints.json" . ec2 describe-vpc-endpoints
  save "$at.shares.json" . ram get-resource-share-associations --association-type RESOURCE
  save "$at.shared-with.json" . ram get-resource-share-associations --association-type PRINCIPAL
  save "$at.apis.json" "$with" apigateway get-rest-apis
  save "$at.glue.json" "$with" glue get-resource-policies
  list 'Keys[].KeyArn' kms list-keys | while read -r key; do
    save "$at.key.$(name "${key##*/}").json" ". + {KeyId: \"$key\"}" kms get-key-policy --key-id "$key" --policy-name default
    save "$at.grants.$(name "${key##*/}").json" ". + {KeyId: \"$key\"}" kms list-grants --key-id "$key"
  done
  save "$at.access-points.json" . s3control list-access-points --account-id "$account"
  list 'AccessPointList[].Name' s3control list-access-points --account-id "$account" | while read -r point; do
    save "$at.access-point.$(name "$point").json" "$own" s3control get-access-point-policy --account-id "$account" --name "$point"
  done
  list 'QueueUrls[]' sqs list-queues | while read -r queue; do
    save "$at.queue.$(name "${queue##*/}").json" . sqs get-queue-attributes --queue-url "$queue" --attribute-names QueueArn Policy
  done
  list 'Topics[].TopicArn' sns list-topics | while read -r topic; do
    save "$at.topic.$(name "${topic##*:}").json" . sns get-topic-attributes --topic-arn "$topic"
  done
  list 'Functions[].FunctionName' lambda list-functions | while read -r function; do
    save "$at.function.$(name "$function").json" . lambda get-policy --function-name "$function"
  done
  list 'SecretList[].ARN' secretsmanager list-secrets | while read -r secret; do
    save "$at.secret.$(name "${secret##*:}").json" . secretsmanager get-resource-policy --secret-id "$secret"
  done
  list 'repositories[].repositoryName' ecr describe-repositories | while read -r repository; do
    save "$at.repository.$(name "$repository").json" "$with" ecr get-repository-policy --repository-name "$repository"
  done
  list 'TableNames[]' dynamodb list-tables | while read -r table; do
    local arn
    arn=$(aws dynamodb describe-table --table-name "$table" --query Table.TableArn --output text) || continue
    save "$at.table.$(name "$table").json" ". + {ResourceArn: \"$arn\"}" dynamodb get-resource-policy --resource-arn "$arn"
  done
  list 'FileSystems[].[FileSystemArn]' efs describe-file-systems | while read -r arn; do
    save "$at.file-system.$(name "${arn##*/}").json" ". + {ResourceArn: \"$arn\"}" efs describe-file-system-policy --file-system-id "${arn##*/}"
  done
  list 'DomainNames[].DomainName' opensearch list-domain-names | while read -r domain; do
    save "$at.domain.$(name "$domain").json" . opensearch describe-domain --domain-name "$domain"
  done
  list 'EventBuses[].Name' events list-event-buses | while read -r bus; do
    save "$at.bus.$(name "$bus").json" . events describe-event-bus --name "$bus"
  done
  list 'BackupVaultList[].BackupVaultName' backup list-backup-vaults | while read -r vault; do
    save "$at.vault.$(name "$vault").json" . backup get-backup-vault-access-policy --backup-vault-name "$vault"
  done
}

walk() { # a root or unit of the organisation
  local kind node unit
  save "org.units.$1.json" ". + {ParentId: \"$1\"}" organizations list-organizational-units-for-parent --parent-id "$1"
  save "org.accounts.$1.json" ". + {ParentId: \"$1\"}" organizations list-accounts-for-parent --parent-id "$1"
  for node in "$1" $(jq -r '.Accounts[].Id' "$out/org.accounts.$1.json" 2> /dev/null); do
    for kind in SERVICE_CONTROL_POLICY RESOURCE_CONTROL_POLICY; do
      save "org.attached.$node.$kind.json" ". + {TargetId: \"$node\", Filter: \"$kind\"}" \
        organizations list-policies-for-target --target-id "$node" --filter "$kind"
    done
  done
  for unit in $(jq -r '.OrganizationalUnits[].Id' "$out/org.units.$1.json" 2> /dev/null); do walk "$unit"; done
}

guardrails() {
  local root policy admin
  save org.json . organizations describe-organization
  save org.roots.json . organizations list-roots
  save org.delegated.json . organizations list-delegated-administrators
  for admin in $(jq -r '.DelegatedAdministrators[].Id' "$out/org.delegated.json" 2> /dev/null); do
    save "org.delegated.$admin.json" ". + {AccountId: \"$admin\"}" organizations list-delegated-services-for-account --account-id "$admin"
  done
  for root in $(jq -r '.Roots[].Id' "$out/org.roots.json" 2> /dev/null); do walk "$root"; done
  for policy in $(jq -r '.Policies[].Id' "$out"/org.attached.*.json 2> /dev/null | sort -u); do
    save "org.policy.$policy.json" . organizations describe-policy --policy-id "$policy"
  done
}

people() {
  local instance store set group account_id
  read -r instance store < <(aws sso-admin list-instances --query 'Instances[0].[InstanceArn,IdentityStoreId]' --output text 2> /dev/null)
  [ -n "${instance-}" ] && [ "$instance" != None ] || return 0
  # Departments and the like, where the CLI knows how to ask for them.
  local more=(--extensions aws:identitystore:enterprise)
  aws identitystore list-users --identity-store-id "$store" --max-items 1 "${more[@]}" > /dev/null 2>&1 || more=()
  save sso.users.json . identitystore list-users --identity-store-id "$store" ${more[@]+"${more[@]}"}
  save sso.attributes.json . sso-admin describe-instance-access-control-attribute-configuration --instance-arn "$instance"
  save sso.groups.json . identitystore list-groups --identity-store-id "$store"
  for group in $(jq -r '.Groups[].GroupId' "$out/sso.groups.json" 2> /dev/null); do
    save "sso.members.$group.json" . identitystore list-group-memberships --identity-store-id "$store" --group-id "$group"
  done
  for set in $(list 'PermissionSets[]' sso-admin list-permission-sets --instance-arn "$instance"); do
    local of="sso.set.${set##*/}" with=". + {PermissionSetArn: \"$set\"}"
    local ask=(--instance-arn "$instance" --permission-set-arn "$set")
    save "$of.json" . sso-admin describe-permission-set "${ask[@]}"
    save "$of.inline.json" "$with" sso-admin get-inline-policy-for-permission-set "${ask[@]}"
    save "$of.managed.json" "$with" sso-admin list-managed-policies-in-permission-set "${ask[@]}"
    save "$of.references.json" "$with" sso-admin list-customer-managed-policy-references-in-permission-set "${ask[@]}"
    save "$of.boundary.json" "$with" sso-admin get-permissions-boundary-for-permission-set "${ask[@]}"
    for account_id in $(list 'AccountIds[]' sso-admin list-accounts-for-provisioned-permission-set "${ask[@]}"); do
      save "$of.assigned.$account_id.json" . sso-admin list-account-assignments "${ask[@]}" --account-id "$account_id"
    done
  done
}

if [ -n "$organization" ]; then
  guardrails
  people
else
  identities
  buckets
  [ $# -gt 0 ] || set -- $(list 'Regions[].RegionName' ec2 describe-regions)
  for region in "$@"; do resources "$region"; done
fi
if [ -s "$failed" ]; then
  printf 'Some calls failed; see %s\n' "$failed" >&2
else
  rm -f "$failed"
fi
