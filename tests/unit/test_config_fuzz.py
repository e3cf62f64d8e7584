"""Whatever a file holds: settings or one-line faults, never another exception."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from argo_artifacts.config import ConfigError, Settings, parse, read_stack_file
from argo_artifacts.config.read import STRUCTURED
from tests.unit.config_files import STACKS, VALID, changed, places, renamed

if TYPE_CHECKING:
    from pathlib import Path

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from(["default", "team-a", "${X}", "a\nb: c", "{{pod.name}}", "4.0.5", "\ud800"])
)
keys = st.sampled_from(
    [*STRUCTURED, "name", "minio", "s3", "bucket", "default", "endpoint", "secure", "version"]
) | st.text(st.characters(codec=None), max_size=10)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)

# The first example loads the models; the machine may be busy with other things.
unhurried = settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def one_line_faults(error: ConfigError) -> None:
    assert error.faults
    for line in error.faults:
        assert line.isprintable(), line
        where, separator, what = line.partition(": ")
        assert separator
        assert where
        assert what
        line.encode()


def read(given: dict[str, object], folder: Path = STACKS) -> None:
    try:
        settings = parse(given, project="argo-artifacts", stack="fuzz", folder=folder)
    except ConfigError as error:
        one_line_faults(error)
    else:
        assert isinstance(settings, Settings)


@unhurried
@given(st.dictionaries(keys, values, max_size=6))
@example({"tenants": {"a\nb": {}}, "x\ny": None})
@example({"repositories": {"default": {"minio": {"endpoint": 10**400}}}})
@example({"cluster": {"name": float("nan")}})
def test_any_value_as_the_whole_configuration(given: dict[str, object]):
    read(given)


@unhurried
@given(st.sampled_from(STRUCTURED), values)
def test_any_value_as_one_section(section: str, value: object):
    sound = next(file for file in VALID if file.name == "Pulumi.local.yaml").document()["config"]
    read({key.partition(":")[2]: entry for key, entry in sound.items()} | {section: value})


@unhurried
@given(st.data())
def test_any_value_or_name_at_any_place_of_a_valid_file(data: st.DataObject):
    file = data.draw(st.sampled_from([file for file in VALID if file.is_stack]), label="file")
    document = {key.partition(":")[2]: entry for key, entry in file.document()["config"].items()}
    steps, _ = data.draw(st.sampled_from(list(places(document))), label="place")
    if isinstance(steps[-1], str) and data.draw(st.booleans(), label="rename"):
        read(renamed(document, steps, data.draw(keys, label="name")))
    else:
        json.dumps(wrong := data.draw(values, label="value"))
        read(changed(document, steps, wrong))


@unhurried
@given(values)
def test_any_value_in_a_tenant_file(tmp_path: Path, value: object):
    (tmp_path / "t.yaml").write_text(json.dumps(value))
    sound = {
        "cluster": {"name": "prod", "kubeconfig": "k"},
        "argo": {"version": "4.0.5"},
        "repositories": {"default": {"minio": {"endpoint": "m", "bucket": {"name": "bucket"}}}},
    }
    read(sound | {"tenantFiles": ["t.yaml"]}, tmp_path)


def _as_stack_file(folder: Path, content: bytes) -> None:
    file = folder / "Pulumi.fuzz.yaml"
    file.write_bytes(content)
    try:
        read_stack_file(file)
    except ConfigError as error:
        one_line_faults(error)


@unhurried
@given(st.text() | st.text("{}[]:,-#&*!|>'\"%@`? \n\t~a1", max_size=60))
@example("{" * 3000)
@example("- " * 3000)
@example("a: " + "9" * 5000)
@example("a: &x [*x]")
@example("config: {argo-artifacts:cluster: {name: .inf, 7: 8}}")
@example("\ufeffconfig: {}")
def test_any_text_as_a_stack_file(tmp_path: Path, text: str):
    _as_stack_file(tmp_path, text.encode(errors="surrogatepass"))


@unhurried
@given(st.binary(max_size=60))
def test_any_bytes_as_a_stack_file(tmp_path: Path, content: bytes):
    _as_stack_file(tmp_path, content)


@unhurried
@given(st.data())
def test_a_valid_file_with_any_piece_cut_out_or_put_in(tmp_path: Path, data: st.DataObject):
    text = (STACKS / "Pulumi.minio-existing-secret.yaml").read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 40, len(text))))
    piece = data.draw(st.text(max_size=10))
    content = (text[:start] + piece + text[end:]).encode(errors="surrogatepass")
    _as_stack_file(tmp_path, content)
