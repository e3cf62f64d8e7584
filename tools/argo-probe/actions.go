package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// largeBytes is above the 16 MiB from which the S3 driver uploads in parts.
const largeBytes = 17 << 20

// action is one call of Argo's driver on one object below the prefix.
type action struct {
	object string
	// slash ends the key in "/", by which the S3 driver knows a directory to delete.
	slash bool
	// missing says that the right answer is "not found".
	missing bool
	call    func(ctx context.Context, c call) (map[string]any, error)
}

var (
	fileContent      = map[string][]byte{"": []byte("argo-probe file\n")}
	largeContent     = map[string][]byte{"": bytes.Repeat([]byte("argo-probe large"), largeBytes/16)}
	directoryContent = map[string][]byte{"a.txt": []byte("argo-probe a\n"), "below/b.txt": []byte("argo-probe b\n")}
)

var actions = map[string]action{
	"save-file":        {object: "file.txt", call: save(fileContent)},
	"save-large":       {object: "large.bin", call: save(largeContent)},
	"save-directory":   {object: "directory", call: save(directoryContent)},
	"load":             {object: "file.txt", call: load(fileContent)},
	"load-large":       {object: "large.bin", call: load(largeContent)},
	"load-directory":   {object: "directory", call: load(directoryContent)},
	"load-missing":     {object: "missing.txt", missing: true, call: load(nil)},
	"open-stream":      {object: "file.txt", call: openStream},
	"list":             {object: "", call: list},
	"is-directory":     {object: "directory", call: isDirectory},
	"delete":           {object: "file.txt", call: remove},
	"delete-large":     {object: "large.bin", call: remove},
	"delete-directory": {object: "directory", slash: true, call: remove},
}

func actionNames() []string { return slices.Sorted(maps.Keys(actions)) }

// save writes content to local files and lets the driver save them.
// The path "" stands for a single file.
func save(content map[string][]byte) func(context.Context, call) (map[string]any, error) {
	return func(ctx context.Context, c call) (map[string]any, error) {
		size := 0
		for name, data := range content {
			local := filepath.Join(c.path, name)
			if err := os.MkdirAll(filepath.Dir(local), 0o700); err != nil {
				return nil, err
			}
			if err := os.WriteFile(local, data, 0o600); err != nil {
				return nil, err
			}
			size += len(data)
		}
		return map[string]any{"files": len(content), "bytes": size}, c.driver.Save(ctx, c.path, c.artifact)
	}
}

// load lets the driver load and compares what came with what save wrote.
func load(content map[string][]byte) func(context.Context, call) (map[string]any, error) {
	return func(ctx context.Context, c call) (map[string]any, error) {
		if err := c.driver.Load(ctx, c.artifact, c.path); err != nil {
			return nil, err
		}
		got := map[string][]byte{}
		err := filepath.WalkDir(c.path, func(local string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(c.path, local)
			if err != nil {
				return err
			}
			if name == "." {
				name = ""
			}
			got[name], err = os.ReadFile(local)
			return err
		})
		if err != nil {
			return nil, err
		}
		details := map[string]any{"files": len(got), "sha256": digest(got)}
		if !maps.EqualFunc(content, got, bytes.Equal) {
			return details, fmt.Errorf("loaded, but the content is not what the probe saves")
		}
		return details, nil
	}
}

func openStream(ctx context.Context, c call) (map[string]any, error) {
	stream, err := c.driver.OpenStream(ctx, c.artifact)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	data, err := io.ReadAll(stream)
	if err != nil {
		return nil, err
	}
	got := map[string][]byte{"": data}
	details := map[string]any{"bytes": len(data), "sha256": digest(got)}
	if !maps.EqualFunc(fileContent, got, bytes.Equal) {
		return details, fmt.Errorf("streamed, but the content is not what the probe saves")
	}
	return details, nil
}

func list(ctx context.Context, c call) (map[string]any, error) {
	keys, err := c.driver.ListObjects(ctx, c.artifact)
	if err != nil {
		return nil, err
	}
	slices.Sort(keys)
	return map[string]any{"keys": keys}, nil
}

func isDirectory(ctx context.Context, c call) (map[string]any, error) {
	is, err := c.driver.IsDirectory(ctx, c.artifact)
	if err != nil {
		return nil, err
	}
	return map[string]any{"isDirectory": is}, nil
}

func remove(ctx context.Context, c call) (map[string]any, error) {
	return nil, c.driver.Delete(ctx, c.artifact)
}

// digest is one hash over names and contents, in the order of the names.
func digest(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_, _ = fmt.Fprintf(sum, "%s\x00%d\x00", name, len(files[name]))
		_, _ = sum.Write(files[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}
