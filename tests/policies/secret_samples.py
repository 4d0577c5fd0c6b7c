"""Texts with the shape of a secret, none of which ever opened anything."""

import base64
import json

PEM = "-----BEGIN {}-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END {}-----\n"
KEY_FILE = {"type": "service_account", "project_id": "acme", "private_key": "not one"}


def pem(kind: str) -> str:
    return PEM.format(kind, kind)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SAMPLES = {
    "private key": pem("PRIVATE KEY"),
    "RSA key": pem("RSA PRIVATE KEY"),
    "OpenSSH key": pem("OPENSSH PRIVATE KEY"),
    "PGP key": pem("PGP PRIVATE KEY BLOCK"),
    "encoded key": encoded(pem("PRIVATE KEY")),
    "encoded RSA key": encoded(pem("RSA PRIVATE KEY")),
    "encoded EC key": encoded(pem("EC PRIVATE KEY")),
    "encoded OpenSSH key": encoded(pem("OPENSSH PRIVATE KEY")),
    "encrypted key": encoded(pem("ENCRYPTED PRIVATE KEY")),
    "key file": json.dumps(KEY_FILE, indent=2),
    "key file in JSON": json.dumps({"key": json.dumps(KEY_FILE)}),
    "encoded key file": encoded(json.dumps(KEY_FILE, indent=2)),
    "encoded short key file": encoded(json.dumps(KEY_FILE, separators=(",", ":"))),
    "web key": json.dumps({"kty": "EC", "crv": "P-256", "d": "x" * 43}),
    "Google API key": "AIza" + "Sy0-_" * 7,
    "Google token": "ya29." + "a0" * 20,
    "Google OAuth": "GOCSPX-" + "aB-_" * 7,
    "AWS": "AKIA" + "ABCDEFGHIJKLMNOP",
    "Azure": "AccountName=a;AccountKey=" + "A" * 86 + "==",
    "GitHub": "ghp_" + "aB3" * 12,
    "GitHub, new": "github_pat_" + "aB3_" * 18,
    "GitLab": "glpat-" + "aB3-_" * 4,
    "Slack": "xoxb-" + "1234567890-abc",
    "Slack hook": "https://hooks.slack.com/services/" + "T0/B0/" + "a1B2" * 6,
    "Pulumi": "pul-" + "0a" * 20,
    "npm": "npm_" + "aB3" * 12,
    "PyPI": "pypi-" + "AgEIcHlwaS5vcmc" + "a" * 60,
    "Stripe": "sk_live_" + "aB3" * 8,
    "SendGrid": "SG." + "a" * 22 + "." + "b" * 43,
    "OpenAI": "sk-proj-" + "aB3-_" * 10,
    "Anthropic": "sk-ant-" + "api03-" + "aB3-_" * 10,
    "Vault": "hvs." + "aB3" * 10,
    "age": "AGE-SECRET-KEY-1" + "QPZRY9X8GF" * 5 + "QPZRY9X8",
    "web token": "eyJhbGciOiJSUzI1NiJ9" + ".eyJzdWIiOiJjaGVja291dCJ9." + "c2lnbmF0dXJl" * 3,
    "address": "postgres://shop:" + "hunter22@db.internal:5432/shop",
    "address without a user": "redis://:" + "hunter22@cache:6379/0",
}

HARMLESS = {
    "nothing": "",
    "prose": "The password stands in Secret Manager.",
    "certificate": pem("CERTIFICATE"),
    "public key": pem("PUBLIC KEY"),
    "encoded certificate": encoded(pem("CERTIFICATE")),
    "public web key": json.dumps({"keys": [{"kty": "EC", "x": "x" * 43, "y": "y" * 43}]}),
    "digest": "europe-docker.pkg.dev/acme/shop@sha256:" + "0a" * 32,
    "commit": "0a" * 20,
    "resource": "projects/acme/secrets/db-password/versions/latest",
    "address": "https://user@example.com:8443/path?a=b",
    "port": "grpc://checkout:8080/a@b",
    "address to fill in": "postgres://shop:${PASSWORD}@db.internal:5432/shop",
    "template": "postgres://shop:{{ .Password }}@db/shop",
    "masked": "postgres://shop:***@db/shop",
    "token's header": "eyJhbGciOiJSUzI1NiJ9",
    "federation": json.dumps({"type": "external_account", "audience": "//iam.googleapis.com/x"}),
    "account": "checkout@acme.iam.gserviceaccount.com",
}
