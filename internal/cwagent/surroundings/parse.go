// Package surroundings converts what is around the sections that collect: the section agent, common-config.toml and
// env-config.json, which say as whom and by which way the agent calls AWS.
package surroundings

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pelletier/go-toml/v2"
)

// CommonConfig is common-config.toml.
type CommonConfig struct {
	Credentials struct {
		Profile string `toml:"shared_credential_profile"`
		File    string `toml:"shared_credential_file"`
	} `toml:"credentials"`
	Proxy struct {
		HTTP  string `toml:"http_proxy"`
		HTTPS string `toml:"https_proxy"`
		No    string `toml:"no_proxy"`
	} `toml:"proxy"`
	SSL struct {
		CABundle string `toml:"ca_bundle_path"`
	} `toml:"ssl"`
	IMDS struct {
		Retries *int `toml:"imds_retries"`
	} `toml:"imds"`

	// Unknown are other keys, as pointers such as /proxy/socks_proxy.
	Unknown []string `toml:"-"`
}

// ParseCommonConfig reads common-config.toml. Empty text is a file in which nothing is set.
func ParseCommonConfig(text []byte) (CommonConfig, error) {
	var c CommonConfig
	if err := toml.Unmarshal(text, &c); err != nil {
		var decode *toml.DecodeError
		if errors.As(err, &decode) {
			row, column := decode.Position()
			return c, fmt.Errorf("common-config.toml: line %d, column %d: %w", row, column, err)
		}
		return c, fmt.Errorf("common-config.toml: %w", err)
	}
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil {
		return c, fmt.Errorf("common-config.toml: %w", err)
	}
	known := map[string][]string{
		"credentials": {"shared_credential_profile", "shared_credential_file"}, "proxy": {"http_proxy", "https_proxy", "no_proxy"},
		"ssl": {"ca_bundle_path"}, "imds": {"imds_retries"},
	}
	for section, value := range all {
		keys, isTable := value.(map[string]any)
		if !isTable || known[section] == nil {
			c.Unknown = append(c.Unknown, "/"+section)
			continue
		}
		for key := range keys {
			if !slices.Contains(known[section], key) {
				c.Unknown = append(c.Unknown, "/"+section+"/"+key)
			}
		}
	}
	slices.Sort(c.Unknown)
	return c, nil
}

// Environment is env-config.json: variables of the agent's process.
type Environment map[string]string

// ParseEnvironment reads env-config.json. Empty text is a file in which nothing is set.
func ParseEnvironment(text []byte) (Environment, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var e Environment
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("env-config.json: %w: it should be an object of texts such as {\"HTTPS_PROXY\": \"http://proxy:3128\"}", err)
	}
	return e, nil
}
