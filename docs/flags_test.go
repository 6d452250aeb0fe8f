package docs_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// update is set to have the parts of the pages that are made from the program
// made anew.
const update = "DEALFLOW_UPDATE_DOCS"

// The part of operations.md that is made from the program's help.
const (
	flagsBegin = "<!-- made from the program's help by `DEALFLOW_UPDATE_DOCS=1 go test ./docs -run TestFlags` -->\n"
	flagsEnd   = "<!-- end -->\n"
)

// TestFlags compares the commands and flags of operations.md with the program's.
func TestFlags(t *testing.T) {
	const path = "operations.md"
	page := mustRead(t, path)
	before, rest, ok := strings.Cut(page, flagsBegin)
	was, after, ended := strings.Cut(rest, flagsEnd)
	if !ok || !ended {
		t.Fatalf("%s has no place for the flags", path)
	}
	is := commands(t, newPlace(t))
	if os.Getenv(update) != "" {
		if err := os.WriteFile(path, []byte(before+flagsBegin+is+flagsEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if was != is {
		t.Errorf("%s is out of date: run %s=1 go test ./docs -run TestFlags. It is to have\n%s", path, update, is)
	}
}

var commandLine = regexp.MustCompile(`(?m)^  (\w[\w ]*?)  +(\S.*)$`)

// commands are the program's commands and their flags, as the page has them.
func commands(t *testing.T, p *place) string {
	t.Helper()
	_, list, _ := strings.Cut(p.run(t, "dealflow", "--help"), "\nCommands:\n")
	var index, details strings.Builder
	index.WriteString("\n| command | does |\n|---|---|\n")
	serve := map[string]bool{} // its flags, which others share
	for _, match := range commandLine.FindAllStringSubmatch(unwrap(list), -1) {
		name, does := match[1], strings.Join(strings.Fields(match[2]), " ")
		fmt.Fprintf(&index, "| `dealflow %s` | %s |\n", name, does)
		flags := flagsOf(t, p, name)
		var rows []string
		shared := false
		for _, f := range flags {
			if name == "serve" {
				serve[f.name+f.help] = true
			} else if serve[f.name+f.help] {
				shared = true
				continue
			}
			rows = append(rows, f.row())
		}
		if len(rows) > 0 {
			fmt.Fprintf(&details, "\n### dealflow %s\n\n| flag | variable | default | meaning |\n|---|---|---|---|\n%s", name, strings.Join(rows, ""))
		} else if shared {
			fmt.Fprintf(&details, "\n### dealflow %s\n", name)
		}
		if shared {
			fmt.Fprintf(&details, "\nIt shares with `serve`: %s.\n", sharedNames(flags, serve))
		}
	}
	return index.String() + "\nThe flags of each command follow. Those of the database are the same everywhere,\n" +
		"and are listed once, with `serve`. Every flag has a variable of the environment;\nthe flag goes before the variable, and that before the default.\n" +
		details.String() + "\n"
}

func sharedNames(flags []flag, serve map[string]bool) string {
	var names []string
	for _, f := range flags {
		if serve[f.name+f.help] {
			names = append(names, "`--"+f.name+"`")
		}
	}
	return strings.Join(names, ", ")
}

// flag is one flag of a command.
type flag struct{ name, value, variable, standard, help string }

func (f flag) row() string {
	name := "--" + f.name
	if f.value != "" {
		name += " " + f.value
	}
	if f.standard != "" && !strings.Contains(f.standard, " ") {
		f.standard = "`" + f.standard + "`"
	}
	return fmt.Sprintf("| `%s` | `%s` | %s | %s |\n", name, f.variable, f.standard, strings.ReplaceAll(f.help, "|", `\|`))
}

var (
	flagLine    = regexp.MustCompile(`(?m)^ +(?:-\w, )?--([\w-]+)(?:=(\S+))?(?:  +(.*))?$`)
	variablePat = regexp.MustCompile(` \(\$(\w+)\)(\.?)$`)
	defaultPat  = regexp.MustCompile(` ?Default: (.*?)\.?$`)
)

// flagsOf reads a command's help, as a person would.
func flagsOf(t *testing.T, p *place, command string) []flag {
	t.Helper()
	_, help, _ := strings.Cut(p.run(t, "dealflow", append(strings.Fields(command), "--help")...), "\nFlags:\n")
	var flags []flag
	for _, match := range flagLine.FindAllStringSubmatch(unwrap(help), -1) {
		f := flag{name: match[1], value: match[2], help: strings.Join(strings.Fields(match[3]), " ")}
		if f.name == "help" || f.name == "version" {
			continue
		}
		if variable := variablePat.FindStringSubmatch(f.help); variable != nil {
			f.variable, f.help = variable[1], strings.TrimSuffix(f.help, variable[0])+variable[2]
		}
		if standard := defaultPat.FindStringSubmatch(f.help); standard != nil {
			f.standard, f.help = standard[1], strings.TrimSuffix(f.help, standard[0])
		}
		// What stands for a value is the default, for those that have one.
		f.value = strings.Trim(f.value, `"`)
		if f.value == f.standard {
			f.value = ""
		}
		if f.variable == "" || f.help == "" {
			t.Errorf("dealflow %s --help: what is %q?", command, match[0])
		}
		flags = append(flags, f)
	}
	return flags
}

var continued = regexp.MustCompile(`\n {12,}(\S)`)

// unwrap joins the lines that help breaks.
func unwrap(help string) string { return continued.ReplaceAllString(help, "  $1") }
