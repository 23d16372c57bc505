package winaccess

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	service = "otelcol-cloudwatch"
	alice   = "S-1-5-21-1004336348-1177238915-682003330-1001"
)

func nobody(string) string { return "" }

// Microsoft documents this one: it is the owner of Windows' own files.
func TestServiceSIDIsTheOneThatWindowsMakes(t *testing.T) {
	assert.Equal(t, sidTrustedInstaller, ServiceSID("TrustedInstaller"))
	assert.Equal(t, ServiceSID(service), ServiceSID("OTELCOL-CLOUDWATCH"), "names of services have no case")
}

func TestWhatTheInstallerMakesIsTrusted(t *testing.T) {
	trusted := NewTrusted(service)
	for _, list := range []string{FolderSDDL(service), StateSDDL(service), FileSDDL(service)} {
		assert.NoError(t, trusted.check(object{path: "x", sddl: list, file: true, names: 1}, content, nobody), list)
	}
	assert.Error(t, NewTrusted("another").check(object{sddl: StateSDDL(service)}, content, nobody), "another service may change it")
}

func TestOnlyTheSystemAdministratorsAndTheServiceMayOwnOrChangeContent(t *testing.T) {
	own := ServiceSID(service)
	for name, c := range map[string]struct {
		sddl string
		says string // nothing: trusted
	}{
		"older release's folder":               {"O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", ""},
		"inherited from it":                    {"O:BAG:SYD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)", ""},
		"written by the service":               {"O:" + own + "G:" + own + "D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1301bf;;;" + own + ")", ""},
		"program file":                         {"O:SYG:SYD:AI(A;ID;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)(A;ID;0x1200a9;;;AC)", ""},
		"users may read":                       {"O:SYG:SYD:P(A;;FR;;;BU)(A;;0x1200a9;;;WD)(A;;GRGX;;;AU)", ""},
		"users are denied":                     {"O:SYG:SYD:P(D;;FA;;;BU)(A;;FA;;;SY)", ""},
		"creator owner":                        {"O:BAG:SYD:P(A;OICIIO;GA;;;CO)(A;;FA;;;OW)", ""},
		"empty list":                           {"O:BAG:SYD:P", ""},
		"audit list":                           {"O:BAG:SYD:P(A;;FA;;;SY)S:AI(AU;SAFA;FA;;;WD)", ""},
		"another user's":                       {"O:" + alice + "G:BUD:P(A;;FA;;;SY)", "belongs to " + alice},
		"no owner":                             {"D:P(A;;FA;;;SY)", "belongs to "},
		"nothing":                              {"", "belongs to "},
		"owner in an unknown abbreviation":     {"O:LAG:BUD:P(A;;FA;;;SY)", "belongs to LA"},
		"no list":                              {"O:BAG:SYD:NO_ACCESS_CONTROL", "changed by everybody"},
		"list left out":                        {"O:BAG:SY", "changed by everybody"},
		"as C:\\ProgramData hands down":        {"O:BAG:SYD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;OICIID;0x1200a9;;;BU)(A;CIID;DCLCRPCR;;;BU)", "S-1-5-32-545"},
		"users may append":                     {"O:BAG:SYD:P(A;;0x4;;;BU)", "S-1-5-32-545"},
		"users may delete":                     {"O:BAG:SYD:P(A;;SD;;;BU)", "S-1-5-32-545"},
		"users may write attributes":           {"O:BAG:SYD:P(A;;0x100;;;BU)", "rights 0x100"},
		"users may change the list":            {"O:BAG:SYD:P(A;;WD;;;" + alice + ")", alice},
		"users may take it":                    {"O:BAG:SYD:P(A;;WO;;;AU)", "S-1-5-11"},
		"users may do everything":              {"O:BAG:SYD:P(A;;FA;;;WD)", "S-1-1-0"},
		"generic write":                        {"O:BAG:SYD:P(A;;GW;;;BU)", "S-1-5-32-545"},
		"as much as possible":                  {"O:BAG:SYD:P(A;;0x2000000;;;BU)", "S-1-5-32-545"},
		"handed down to files only":            {"O:BAG:SYD:P(A;OICIIO;GA;;;BU)", "S-1-5-32-545"},
		"creator's group":                      {"O:BAG:SYD:P(A;OICIIO;GA;;;CG)", "S-1-3-1"},
		"with a condition that is cut wrongly": {`O:BAG:SYD:P(XA;;FA;;;WD;(Member_of {SID(BA)} && @User.a == "x:(y"))`, "parentheses"},
		"with a condition that may hold":       {`O:BAG:SYD:P(XA;;FA;;;WD;(@User.Title == "boss"))`, "S-1-1-0"},
		"of an object":                         {"O:BAG:SYD:P(OA;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;BU)", "S-1-5-32-545"},
		"another service":                      {"O:BAG:SYD:P(A;;FA;;;" + ServiceSID("other") + ")", ServiceSID("other")},
		"after an entry that is all right":     {"O:BAG:SYD:P(A;;FA;;;SY)(A;;FR;;;BU)(A;;FW;;;BU)", "rights 0x120116"},
		"unknown kind of entry":                {"O:BAG:SYD:P(QQ;;FA;;;SY)", "unknown kind"},
		"unknown rights":                       {"O:BAG:SYD:P(A;;QQ;;;SY)", "unknown rights"},
		"unknown part":                         {"O:BAG:SYX:1", "unknown part"},
		"entry without an end":                 {"O:BAG:SYD:P(A;;FA;;;SY", "parentheses"},
		"entry with too few fields":            {"O:BAG:SYD:P(A;;FA)", "fields"},
	} {
		err := NewTrusted(service).check(object{path: `C:\x`, sddl: c.sddl, file: true, names: 1}, content, nobody)
		if c.says == "" {
			assert.NoError(t, err, name)
			continue
		}
		assert.ErrorContains(t, err, c.says, name)
		assert.ErrorContains(t, err, `C:\x`, name)
	}
}

func TestFoldersAboveMayBeSharedAndNotReplaced(t *testing.T) {
	trusted := NewTrusted(service)
	check := func(r role, sddl string) error { return trusted.check(object{path: `C:\x`, sddl: sddl}, r, nobody) }
	programData := "O:SYG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)(A;CI;DCLCRPCR;;;BU)"
	root := "O:" + sidTrustedInstaller + "G:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)(A;CI;LC;;;BU)(A;CIIO;DC;;;BU)(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)"
	dataDrive := "O:BAG:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1301bf;;;AU)(A;OICI;0x1200a9;;;BU)"
	assert.NoError(t, check(above, programData))
	assert.NoError(t, check(volume, root))
	assert.NoError(t, check(volume, dataDrive), "the root of a drive cannot be moved")
	assert.Error(t, check(above, dataDrive), "a folder with its list can be")
	assert.Error(t, check(content, dataDrive))
	for _, sddl := range []string{
		"O:" + alice + "D:P(A;;FA;;;SY)", "O:SYD:P(A;;DT;;;BU)", "O:SYD:P(A;;WD;;;BU)", "O:SYD:P(A;;WO;;;BU)", "O:SYD:P(A;;GA;;;BU)", "O:SYD:NO_ACCESS_CONTROL",
	} {
		assert.Error(t, check(above, sddl), sddl)
		assert.Error(t, check(volume, sddl), sddl)
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	trusted := NewTrusted(service)
	o := object{path: `C:\x`, sddl: FolderSDDL(service), link: true}
	for _, r := range []role{content, above, volume} {
		assert.ErrorContains(t, trusted.check(o, r, nobody), "is a link")
	}
	o = object{path: `C:\x`, sddl: FileSDDL(service), file: true, names: 2}
	assert.ErrorContains(t, trusted.check(o, content, nobody), "hard links")
}

func TestAccountOfTheServiceIsTrusted(t *testing.T) {
	o := object{sddl: "O:" + alice + "D:P(A;;FA;;;" + alice + ")"}
	assert.Error(t, NewTrusted(service).check(o, content, nobody))
	assert.NoError(t, NewTrusted(service, alice).check(o, content, nobody))
	assert.Error(t, NewTrusted(service, "").check(object{sddl: "O:D:P"}, content, nobody), "who has no name is nobody")
}

func TestErrorsNameTheAccountAndTheRemedy(t *testing.T) {
	name := func(string) string { return `HOST\alice` }
	err := NewTrusted(service).check(object{path: `C:\a b`, sddl: "O:" + alice + "D:P"}, content, name)
	require.ErrorContains(t, err, alice+` (HOST\alice)`)
	require.ErrorContains(t, err, `icacls "C:\a b" /setowner *S-1-5-32-544`)
	err = NewTrusted(service).check(object{path: `C:\a b`, sddl: "O:BAD:P(A;;FA;;;WD)"}, content, name)
	require.ErrorContains(t, err, `icacls "C:\a b" /remove:g *S-1-1-0`)
}

func TestWayGoesFromTheRootDown(t *testing.T) {
	assert.Equal(t, []string{`C:\`, `C:\a`, `C:\a\b c`, `C:\a\b c\d.yaml`}, way(`C:/a/b c\d.yaml`))
	assert.Equal(t, []string{`C:\`}, way(`C:\`))
	assert.Equal(t, []string{`C:\`, `C:\a`}, way(`\\?\C:\a`))
	for _, elsewhere := range []string{`\\server\share\x.yaml`, "", `x.yaml`, `NUL`} {
		assert.Empty(t, way(elsewhere), elsewhere)
	}
}

func TestLocalPathIsThatOfFilesAndFolders(t *testing.T) {
	for uri, want := range map[string]string{
		`C:\x\y.yaml`: `C:\x\y.yaml`, `file:C:/x.yaml`: `C:/x.yaml`, `dir:C:\x\config.d?optional=true`: `C:\x\config.d`, `x.yaml`: `x.yaml`,
		`ssm:/fleet/windows`: "", `yaml:a: b`: "", `https://x/y`: "", `env:X`: "",
	} {
		path, folder := LocalPath(uri)
		assert.Equal(t, want, path, uri)
		assert.Equal(t, strings.HasPrefix(uri, "dir:"), folder, uri)
	}
}

func FuzzDescriptors(f *testing.F) {
	f.Add(FolderSDDL(service))
	f.Add("O:BAG:SYD:P(XA;;FA;;;WD;(a))S:(ML;;NW;;;HI)")
	f.Add("O:D:(")
	f.Fuzz(func(t *testing.T, sddl string) {
		d, err := parse(sddl)
		if err == nil && NewTrusted(service).check(object{sddl: sddl}, content, nobody) == nil {
			assert.NotEmpty(t, d.owner)
			assert.False(t, d.open)
		}
	})
}
