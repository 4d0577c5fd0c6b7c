// Command pulumi-sdk writes the TypeScript SDK of a Pulumi package from its schema.
//
// It stands for `pulumi package gen-sdk`, which asks the language host for GeneratePackage; the
// hosts that can be built here are older than that call, the generator itself is not.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const version = "1.0.0"

func main() {
	out := flag.String("out", "", "folder to write the SDK to; what it holds is overwritten")
	showVersion := flag.Bool("version", false, "print the version")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: pulumi-sdk --out FOLDER SCHEMA.json")
		flag.PrintDefaults()
	}
	flag.Parse()
	if *showVersion {
		fmt.Println("pulumi-sdk v" + version)
		return
	}
	if *out == "" || flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := generate(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-sdk:", err)
		os.Exit(1)
	}
}

func generate(schemaFile, out string) error {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		return err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return fmt.Errorf("%s is not the schema of a Pulumi package: %w", schemaFile, err)
	}
	languages := map[string]schema.Language{"nodejs": nodejs.Importer}
	pkg, err := schema.ImportSpec(spec, languages, schema.ValidationOptions{})
	if err != nil {
		return fmt.Errorf("%s: %w", schemaFile, err)
	}
	files, err := nodejs.GeneratePackage("pulumi-sdk", pkg, nil, nil, true, nil)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(out, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, withTypesPaths(name, content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// withTypesPaths mends the imports of the files in types/. This version of the generator takes the
// folder above from filepath.Rel("types", ""), which Go cleans since 1.26: "../." has become "..".
func withTypesPaths(name string, content []byte) []byte {
	if filepath.Dir(name) != "types" {
		return content
	}
	for _, target := range []string{"utilities", "types/input", "types/output"} {
		wrong, right := `from "./`+target+`"`, `from "../`+target+`"`
		content = bytes.ReplaceAll(content, []byte(wrong), []byte(right))
	}
	return content
}
