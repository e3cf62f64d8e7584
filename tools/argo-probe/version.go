package main

import (
	"context"
	"errors"
	"runtime/debug"
)

// argoModule is the module whose code answers.
const argoModule = "github.com/argoproj/argo-workflows/v4"

type versionAnswer struct {
	OK   bool   `json:"ok"`
	Argo string `json:"argo"`
	Go   string `json:"go"`
}

func (a versionAnswer) yes() bool { return a.OK }

func runVersion(_ context.Context, args []string) (answer, error) {
	if err := parse(flagSet("version"), args); err != nil {
		return nil, err
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil, errors.New("this program carries no build information")
	}
	for _, module := range info.Deps {
		if module.Path == argoModule {
			return versionAnswer{OK: true, Argo: module.Version, Go: info.GoVersion}, nil
		}
	}
	return nil, errors.New("this program was built without " + argoModule)
}
