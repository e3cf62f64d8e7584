package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ask makes one call and returns its exit code and what it wrote.
func ask(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWrongUsageIsOneLineOnStderrAndNothingOnStdout(t *testing.T) {
	for name, args := range map[string][]string{
		"no subcommand":        {},
		"unknown subcommand":   {"resovle"},
		"unknown flag":         {"resolve", "--namespaec", "a"},
		"stray argument":       {"version", "now"},
		"no kubeconfig":        {"resolve", "--namespace", "a"},
		"no namespace":         {"resolve", "--kubeconfig", "/nowhere"},
		"kubeconfig not there": {"resolve", "--namespace", "a", "--kubeconfig", "/nowhere"},
		"unknown action":       {"store", "--namespace", "a", "--kubeconfig", "/nowhere", "--actions", "save"},
		"no action":            {"store", "--namespace", "a", "--kubeconfig", "/nowhere"},
		"unknown strategy":     {"gc-pod", "--namespace", "a", "--kubeconfig", "/nowhere", "--strategy", "Never"},
		"unknown part":         {"gc-pod", "--namespace", "a", "--kubeconfig", "/nowhere", "--pod", "walk"},
		"file and live":        {"controller-config", "--file", "f", "--live", "--kubeconfig", "k"},
		"neither":              {"controller-config"},
		"file not there":       {"controller-config", "--file", "/nowhere"},
		"not a ConfigMap":      {"controller-config", "--file", write(t, "kind: Secret\nmetadata: {name: a}\n")},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := ask(t, args...)
			if code != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestHelpNamesEverySubcommand(t *testing.T) {
	code, stdout, _ := ask(t, "--help")
	for name := range subcommands {
		if code != exitYes || !strings.Contains(stdout, name) {
			t.Errorf("exit %d, %s is not in %q", code, name, stdout)
		}
	}
}

func TestControllerConfigSaysWhatTheStrictParserSays(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
	for name, want := range map[string]struct {
		data, fault string
	}{
		"siblings":            {"data:\n  artifactRepository: |\n    archiveLogs: true\n", ""},
		"single key":          {"data:\n  config: |\n    parallelism: 3\n", ""},
		"nothing":             {"", ""},
		"unknown field":       {"data:\n  artifactRepository: |\n    s3: {buckt: a}\n", `unknown field "buckt"`},
		"sibling of config":   {"data:\n  config: ''\n  parallelism: '3'\n", "you must only have one item"},
		"one line for people": {"data:\n  artifactRepository: |\n    s3: {a: 1, b: 2}\n", `unknown field "a"`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, _ := ask(t, "controller-config", "--file", write(t, head+want.data))
			var said configAnswer
			if err := json.Unmarshal([]byte(stdout), &said); err != nil {
				t.Fatal(err)
			}
			right := said.OK == (want.fault == "") && strings.Contains(said.Error, want.fault) && !strings.Contains(said.Error, "\n")
			if !right || (code == exitYes) != said.OK {
				t.Errorf("exit %d, %+v", code, said)
			}
		})
	}
}
