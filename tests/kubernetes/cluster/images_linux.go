package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"runtime"
)

// writeImage writes an OCI archive of an image that holds one program and nothing else.
func writeImage(archive, name, program, path string) error {
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	layer, err := tarOf(map[string][]byte{path: text})
	if err != nil {
		return err
	}
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion": "1.0.0"}`)}
	type object = map[string]any
	// put adds a blob, and says what refers to it.
	put := func(mediaType string, blob []byte) object {
		sum := sha256.Sum256(blob)
		digest := hex.EncodeToString(sum[:])
		files["blobs/sha256/"+digest] = blob
		return object{"mediaType": "application/vnd.oci.image." + mediaType, "digest": "sha256:" + digest, "size": len(blob)}
	}
	encode := func(v any) []byte {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // of strings and numbers alone
		}
		return text
	}
	layers := []object{put("layer.v1.tar", layer)}
	config := put("config.v1+json", encode(object{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": object{"Entrypoint": []string{"/" + path}},
		"rootfs": object{"type": "layers", "diff_ids": []any{layers[0]["digest"]}},
	}))
	manifest := put("manifest.v1+json", encode(object{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": layers}))
	manifest["annotations"] = object{"io.containerd.image.name": name}
	manifest["platform"] = object{"architecture": runtime.GOARCH, "os": "linux"}
	files["index.json"] = encode(object{"schemaVersion": 2, "manifests": []object{manifest}})
	image, err := tarOf(files)
	if err != nil {
		return err
	}
	return os.WriteFile(archive, image, 0o644)
}

func tarOf(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}
