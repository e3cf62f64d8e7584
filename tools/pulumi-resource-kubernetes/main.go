// The Kubernetes provider plugin of Pulumi, built from its published module.
//
// The two embedded files are not kept here: the builder (tools/programs.py) copies them
// from the module's own cmd/pulumi-resource-kubernetes beside this file, with the
// provider's version written into the schema.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	provider.Serve("kubernetes", version.Version, schema, terraformMapping)
}
