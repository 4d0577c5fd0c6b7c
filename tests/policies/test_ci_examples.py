"""The ready pipelines: each is right by its system's published schema, and calls what exists."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema

from meshwright_cli.main import main
from meshwright_toolchain import ensure

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "ci"
SCHEMAS = {
    "github-actions.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    "cloudbuild.yaml": "vendor.cloudbuild",
}
EXAMPLES = sorted(SCHEMAS)


def content(name: str) -> dict:
    # BaseLoader: GitHub's key `on` is a word there, and no truth value.
    return yaml.load((FOLDER / name).read_text(encoding="utf-8"), yaml.BaseLoader)


def scripts(node: object, key: str = "") -> Iterator[str]:
    """Every text that a shell runs."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from scripts(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from scripts(value, key)
    elif isinstance(node, str) and key in ("run", "script", "before_script", "args"):
        yield node.replace("$$", "$")  # Cloud Build's way to write a $ for the shell


def commands(name: str) -> list[list[str]]:
    """Every command of an example, as words; those of all its scripts one after the other."""
    found: list[list[str]] = []
    for script in scripts(content(name)):
        for line in script.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            words = [""]
            for word in lexer:
                if set(word) <= set("();<>|&"):
                    found.append(words[1:])
                    words = [""]
                else:
                    words.append(word)
            found.append(words[1:])
    return [words for words in found if words]


def calls(name: str, program: str) -> list[list[str]]:
    return [words[1:] for words in commands(name) if words[0] == program]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_keeps_to_its_systems_schema(name: str) -> None:
    schema = get_builtin_schema(SCHEMAS[name])
    loaded = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    loaded = {"on" if key is True else key: value for key, value in loaded.items()}

    problems = jsonschema.validators.validator_for(schema)(schema).iter_errors(
        json.loads(json.dumps(loaded))
    )

    assert [f"{problem.json_path}: {problem.message}" for problem in problems] == []


def test_every_example_is_checked() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_previews_under_policies_and_brings_up_under_the_same(name: str) -> None:
    (report,) = [words for words in calls(name, "meshwright") if words[:2] == ["policy", "report"]]
    (up,) = calls(name, "pulumi")

    assert {"--sarif", "--junit", "--json"} < set(report)
    assert up[up.index("--policy-pack") + 1] == "policies"
    assert report[report.index("--stack") + 1] == up[up.index("--stack") + 1]


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_update_takes_the_policy_config_that_is_there_and_writes_none(
    name: str, configured: bool, tmp_path: Path
) -> None:
    """The same config that the report takes by itself; the checkout stays as it was."""
    text = "\n".join(scripts(content(name)))
    update = text[text.index("config=") :].replace("${_STACK}", "$STACK")
    (tmp_path / "stacks").mkdir()
    kept = tmp_path / "stacks" / "policies.prod.json"
    if configured:
        kept.write_text("{}")

    told = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"pulumi() {{ printf '%s\\n' \"$@\"; }}\n{update}"],
        cwd=tmp_path, env={"STACK": "prod"}, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip

    given = ["--policy-pack-config", "stacks/policies.prod.json"] if configured else []
    assert told[told.index("--policy-pack") :] == ["--policy-pack", "policies", *given]
    assert kept.exists() == configured


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_calls_our_command_as_it_is(name: str) -> None:
    made = calls(name, "meshwright")

    assert made
    for words in made:
        assert problem(main, words) is None, words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("policy reprot", "No such command"),
        ("policy report --sariff x", "No such option"),
        ("policy report --fail-on bad", "is not one of"),
    ],
)
def test_a_call_that_is_not_ours_would_be_found(words: str, said: str) -> None:
    assert said in (problem(main, words.split()) or "")


def problem(group: click.Group, words: list[str]) -> str | None:
    """What our command would refuse about these words, without running anything."""
    context = click.Context(group, info_name="meshwright")
    command: click.Command = group
    try:
        while isinstance(command, click.Group):
            _, command, words = command.resolve_command(context, words)  # type: ignore[assignment]
        command.make_context(command.name, list(words), parent=context)
    except click.UsageError as error:
        return error.format_message()
    return None


@pytest.mark.engine
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_calls_pulumi_as_it_is(name: str) -> None:
    for words in calls(name, "pulumi"):
        program = ensure(extras=False) / "pulumi"
        told = subprocess.run(
            [program, words[0], "--help"], capture_output=True, text=True, check=True
        ).stdout
        known = set(re.findall(r"--[a-z-]+", told))
        assert {word for word in words if word.startswith("--")} <= known, words


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_an_example_names_in_the_repository_is_there(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    stack = re.search(r"STACK: (\w+)", text)
    assert stack
    named = set(re.findall(r"\b(?:toolchain|stacks|docs)/[\w./${}]+\.(?:py|yaml|md)\b", text))

    assert {"toolchain/bootstrap.py", "docs/policies/ci.md"} < named
    missing = [
        path for path in named if not (ROOT / re.sub(r"\$\{?_?STACK\}?", stack[1], path)).is_file()
    ]
    assert missing == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_holds_or_asks_for_a_key(name: str) -> None:
    """Who a job is comes from its system; a key would be a secret that somebody has to keep."""
    text = (FOLDER / name).read_text(encoding="utf-8")

    assert re.findall(r"secrets\.|credentials_json|--key-file|secretEnv|PASSPHRASE", text) == []


def test_pull_requests_and_updates_are_different_accounts() -> None:
    """A pull request's code runs in its preview, which must not be as the account that writes."""
    github, gitlab = content("github-actions.yml")["jobs"], content(".gitlab-ci.yml")

    def account(job: dict) -> str:
        (step,) = [
            s for s in job["steps"] if s.get("uses", "").startswith("google-github-actions/auth")
        ]
        return step["with"]["service_account"]

    assert account(github["preview"]) != account(github["up"])
    accounts = [gitlab[job]["variables"]["SERVICE_ACCOUNT"] for job in ("preview", "up")]
    assert len(set(accounts)) == 2
    assert "security-events" not in github["up"]["permissions"]
