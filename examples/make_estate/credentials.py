"""The credential report of each account: `aws iam get-credential-report`, decoded."""

import csv
import io

COLUMNS = (
    "user arn user_creation_time password_enabled password_last_used password_last_changed password_next_rotation "
    "mfa_active access_key_1_active access_key_1_last_rotated access_key_1_last_used_date "
    "access_key_1_last_used_region access_key_1_last_used_service access_key_2_active access_key_2_last_rotated "
    "access_key_2_last_used_date access_key_2_last_used_region access_key_2_last_used_service cert_1_active "
    "cert_1_last_rotated cert_2_active cert_2_last_rotated"
).split()

# Whoever signs in to the console without a second factor.
WITHOUT_MFA = {"amelie.fournier", "luca.moretti", "sven.adler", "edith.kaya", "lea.martin"}
# Programs: a key and no password. The last use of the key, and the service.
PROGRAMS = {"settlement-export": ("2026-10-31T21:00:00+00:00", "sqs")}
# Beside a password: when the key was made, its last use, and the service.
KEYS = {
    "tomas.becker": ("2025-09-01T08:20:00+00:00", "2026-08-04T22:13:00+00:00", "secretsmanager"),
    "luca.moretti": ("2025-04-14T08:10:00+00:00", "2026-03-30T15:04:00+00:00", "secretsmanager"),
    "eli.novak": ("2023-02-14T10:11:12+00:00", "2026-10-29T09:00:00+00:00", "iam"),
    "hanna.berg": ("2026-07-01T08:00:00+00:00", "2026-10-30T16:12:00+00:00", "lambda"),
    "julia.weiss": ("2023-11-06T08:30:00+00:00", None, None),
}
# Last sign-in to the console; everybody else was there in the last days of October.
SIGNED_IN = {
    "amelie.fournier": "2026-01-30T17:45:00+00:00",
    "break-glass": None,
    "dmitri.orlov": "2026-01-31T18:02:00+00:00",
    "edith.kaya": "2026-09-06T20:31:00+00:00",
    "jonas.lindqvist": "2026-01-29T16:00:00+00:00",
    "kofi.mensah": "2026-05-29T15:10:00+00:00",
    "lea.martin": "2025-12-18T10:00:00+00:00",
    "luca.moretti": "2026-03-31T14:50:00+00:00",
    "maria.costa": "2026-01-31T17:20:00+00:00",
    "priya.raman": "2026-08-28T12:00:00+00:00",
    "sven.adler": "2026-10-11T23:05:00+00:00",
    "tomas.becker": "2026-06-30T16:44:00+00:00",
    "zofia.wrona": "2026-01-31T17:25:00+00:00",
}
RECENTLY = "2026-10-30T07:55:00+00:00"


def root(account):
    row = dict.fromkeys(COLUMNS, "N/A")
    row.update({
        "user": "<root_account>", "arn": f"arn:aws:iam::{account.number}:root",
        "user_creation_time": "2021-01-04T08:00:00+00:00", "password_enabled": "not_supported",
        "password_last_used": "no_information", "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported", "mfa_active": "true", "access_key_1_active": "false",
        "access_key_2_active": "false", "cert_1_active": "false", "cert_2_active": "false",
    })
    return row


def user(record):
    name, created = record["UserName"], record["CreateDate"]
    row = dict.fromkeys(COLUMNS, "N/A")
    row.update({
        "user": name, "arn": record["Arn"], "user_creation_time": created, "access_key_1_active": "false",
        "access_key_2_active": "false", "cert_1_active": "false", "cert_2_active": "false",
    })
    if name in PROGRAMS:
        used, service = PROGRAMS[name]
        row.update({"password_enabled": "false", "mfa_active": "false"})
        key = (created, used, service)
    else:
        signed_in = SIGNED_IN.get(name, RECENTLY)
        row.update({
            "password_enabled": "true", "password_last_used": signed_in or "no_information",
            "password_last_changed": created, "mfa_active": str(name not in WITHOUT_MFA).lower(),
        })
        key = KEYS.get(name)
    if key:
        made, used, service = key
        row.update({
            "access_key_1_active": "true", "access_key_1_last_rotated": made, "access_key_1_last_used_date": used or "N/A",
            "access_key_1_last_used_region": "eu-west-1" if used else "N/A",
            "access_key_1_last_used_service": service or "N/A",
        })
    return row


def report(account):
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerow(root(account))
    writer.writerows(user(record) for record in sorted(account.users, key=lambda user: user["UserName"]))
    return out.getvalue()
