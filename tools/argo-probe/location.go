package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/util/strftime"
	"github.com/argoproj/argo-workflows/v4/util/template"
	"github.com/argoproj/argo-workflows/v4/workflow/common"
	"github.com/argoproj/argo-workflows/v4/workflow/validate"
)

// sampleVariables are the variables that every workflow has, with values that
// are the same in every call: what one call saved, another call finds.
func sampleVariables(namespace string) map[string]string {
	created := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	variables := map[string]string{
		common.GlobalVarWorkflowName:                           "argo-probe",
		common.GlobalVarWorkflowNamespace:                      namespace,
		common.GlobalVarWorkflowUID:                            "00000000-0000-4000-8000-000000000000",
		common.GlobalVarWorkflowServiceAccountName:             "argo-probe",
		common.GlobalVarWorkflowMainEntrypoint:                 "main",
		common.GlobalVarWorkflowCreationTimestamp:              created.Format(time.RFC3339),
		common.GlobalVarWorkflowCreationTimestamp + ".RFC3339": created.Format(time.RFC3339),
		common.GlobalVarWorkflowCreationTimestamp + ".s":       fmt.Sprint(created.Unix()),
		common.LocalVarPodName:                                 "argo-probe-pod",
	}
	for char := range strftime.FormatChars {
		name := common.GlobalVarWorkflowCreationTimestamp + "." + string(char)
		variables[name] = strftime.Format("%"+string(char), created)
	}
	return variables
}

// sampleLocation is where the repository puts the artifacts of a sample pod;
// it fails as pod creation fails when the key format holds another variable.
func sampleLocation(ctx context.Context, repository *wfv1.ArtifactRepository, namespace string) (*wfv1.ArtifactLocation, error) {
	text, err := json.Marshal(repository.ToArtifactLocation())
	if err != nil {
		return nil, err
	}
	replaced, err := template.Replace(ctx, string(text), sampleVariables(namespace), true)
	if err != nil {
		return nil, err
	}
	location := &wfv1.ArtifactLocation{}
	if err := json.Unmarshal([]byte(replaced), location); err != nil {
		return nil, err
	}
	return location, validate.VerifyResolvedVariables(location)
}

// at is the location with another key.
func at(location *wfv1.ArtifactLocation, key string) (*wfv1.Artifact, error) {
	artifact := &wfv1.Artifact{Name: "argo-probe", ArtifactLocation: *location.DeepCopy()}
	return artifact, artifact.SetKey(key)
}
