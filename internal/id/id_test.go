package id_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"dealflow/internal/id"
)

var kinds = []id.Kind{
	id.Organization, id.User, id.Pipeline, id.Stage, id.Deal, id.Lead,
	id.LeadStatus, id.Comment, id.Contact, id.Business, id.Activity, id.StageStay,
}

// specification holds the pairs of valid.yml of the TypeID specification that
// do not depend on the prefix.
var specification = []struct {
	name, suffix, uuid string
}{
	{"Nil", "00000000000000000000000000", "00000000-0000-0000-0000-000000000000"},
	{"One", "00000000000000000000000001", "00000000-0000-0000-0000-000000000001"},
	{"Ten", "0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a"},
	{"Sixteen", "0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"},
	{"ThirtyTwo", "00000000000000000000000010", "00000000-0000-0000-0000-000000000020"},
	{"MaxValid", "7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
	{"ValidAlphabet", "0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"},
	{"ValidUUIDv7", "01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"},
}

func TestSpecification(t *testing.T) {
	for _, test := range specification {
		t.Run(test.name, func(t *testing.T) {
			u, text := uuid.MustParse(test.uuid), "lead_"+test.suffix
			if got := id.Lead.Encode(u); got != text {
				t.Errorf("Encode(%s) = %s, want %s", u, got, text)
			}
			if got, err := id.Lead.Decode(text); err != nil || got != u {
				t.Errorf("Decode(%s) = %s, %v, want %s", text, got, err, u)
			}
		})
	}
}

func TestEveryKindRoundTrips(t *testing.T) {
	u := id.New()
	for _, k := range kinds {
		t.Run(string(k), func(t *testing.T) {
			text := k.Encode(u)
			if got, err := k.Decode(text); err != nil || got != u {
				t.Errorf("Decode(%s) = %s, %v, want %s", text, got, err, u)
			}
			gotKind, got, err := id.Parse(text)
			if err != nil || gotKind != k || got != u {
				t.Errorf("Parse(%s) = %s, %s, %v, want %s, %s", text, gotKind, got, err, k, u)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	const suffix = "01h455vb4pex5vsknk084sn02q"
	tests := []struct{ name, text string }{
		{"Empty", ""},
		{"NoPrefix", suffix},
		{"EmptyPrefix", "_" + suffix},
		{"UnknownPrefix", "invoice_" + suffix},
		{"PrefixOfPrefix", "lea_" + suffix},
		{"UppercasePrefix", "LEAD_" + suffix},
		{"NoSeparator", "lead" + suffix},
		{"TwoSeparators", "lead__" + suffix},
		{"NoSuffix", "lead_"},
		{"UppercaseSuffix", "lead_" + strings.ToUpper(suffix)},
		{"TooShort", "lead_" + suffix[1:]},
		{"TooLong", "lead_0" + suffix},
		{"Overflow", "lead_8zzzzzzzzzzzzzzzzzzzzzzzzz"},
		{"LookAlikeI", "lead_i1h455vb4pex5vsknk084sn02"},
		{"LookAlikeL", "lead_01h455vb4pex5vsknk084sn02l"},
		{"LookAlikeO", "lead_01h455vb4pex5vsknk084sn02o"},
		{"LetterU", "lead_01h455vb4pex5vsknk084sn02u"},
		{"SpaceBefore", " lead_" + suffix},
		{"SpaceAfter", "lead_" + suffix + " "},
		{"NotASCII", "lead_01h455vb4pex5vsknk084sn0é"},
		{"UUID", "01890a5d-ac96-774b-bcce-b302099a8057"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, err := id.Lead.Decode(test.text)
			mustBeError(t, err, &id.Error{Text: test.text, Want: id.Lead})
			k, v, err := id.Parse(test.text)
			mustBeError(t, err, &id.Error{Text: test.text})
			if u != uuid.Nil || v != uuid.Nil || k != "" {
				t.Errorf("refused, and yet answered %s, %s, %s", u, k, v)
			}
		})
	}
}

func TestErrorNamesTheKindGiven(t *testing.T) {
	text := id.Stage.Encode(id.New())
	_, err := id.Lead.Decode(text)
	mustBeError(t, err, &id.Error{Text: text, Want: id.Lead, Got: id.Stage})
}

func TestErrorMessage(t *testing.T) {
	tests := []struct {
		name string
		err  id.Error
		want string
	}{
		{"OtherKind", id.Error{Text: "stage_01j", Want: id.Lead, Got: id.Stage},
			`"stage_01j" is a stage id; a lead id (lead_…) belongs here`},
		{"OtherKindWithAn", id.Error{Text: "activity_01j", Want: id.Organization, Got: id.Activity},
			`"activity_01j" is an activity id; an organization id (org_…) belongs here`},
		{"NoID", id.Error{Text: "abc", Want: id.Lead},
			`"abc" is not an id; a lead id looks like lead_01j…`},
		{"NoIDOfTwoWords", id.Error{Text: "", Want: id.LeadStatus},
			`"" is not an id; a lead status id looks like status_01j…`},
		{"NoIDOfAUser", id.Error{Text: "7", Want: id.User},
			`"7" is not an id; a user id looks like user_01j…`},
		{"AnyKind", id.Error{Text: "abc"},
			`"abc" is not an id; an id looks like lead_01j…`},
		{"Long", id.Error{Text: strings.Repeat("é", 41)},
			`"` + strings.Repeat("é", 40) + `…" is not an id; an id looks like lead_01j…`},
		{"JustShort", id.Error{Text: strings.Repeat("é", 40)},
			`"` + strings.Repeat("é", 40) + `" is not an id; an id looks like lead_01j…`},
		{"ControlCharacters", id.Error{Text: "a\"\n\x1b[2J\u202e\xff"},
			`"a\"\n\x1b[2J\u202e\xff" is not an id; an id looks like lead_01j…`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.err.Error()); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryIDFitsItsErrorMessage(t *testing.T) {
	for _, k := range kinds {
		text := k.Encode(uuid.Max)
		if message := (&id.Error{Text: text}).Error(); !strings.Contains(message, text) {
			t.Errorf("%s is cut in %s", text, message)
		}
	}
}

func TestNewIsVersion7AndAscending(t *testing.T) {
	before := id.New()
	for range 10_000 {
		u := id.New()
		if u.Version() != 7 || u.Variant() != uuid.RFC4122 {
			t.Fatalf("%s is version %d, variant %s", u, u.Version(), u.Variant())
		}
		if bytes.Compare(before[:], u[:]) >= 0 {
			t.Fatalf("%s came after %s", u, before)
		}
		before = u
	}
}

func TestEncodeAllocatesOnce(t *testing.T) {
	u := id.New()
	for _, k := range kinds {
		if n := testing.AllocsPerRun(100, func() { _ = k.Encode(u) }); n > 1 {
			t.Errorf("%s: %v allocations, want 1", k, n)
		}
	}
}

func FuzzEncodeThenDecode(f *testing.F) {
	for _, test := range specification {
		u := uuid.MustParse(test.uuid)
		f.Add(u[:], u[:])
	}
	f.Fuzz(func(t *testing.T, one, other []byte) {
		a, errA := uuid.FromBytes(one)
		b, errB := uuid.FromBytes(other)
		if errA != nil || errB != nil {
			t.Skip("not 16 bytes")
		}
		textA, textB := id.Deal.Encode(a), id.Deal.Encode(b)
		if got, err := id.Deal.Decode(textA); err != nil || got != a {
			t.Errorf("Decode(%s) = %s, %v, want %s", textA, got, err, a)
		}
		if strings.Compare(textA, textB) != bytes.Compare(a[:], b[:]) {
			t.Errorf("%s and %s sort unlike %s and %s", textA, textB, a, b)
		}
	})
}

func FuzzParseThenEncode(f *testing.F) {
	for _, test := range specification {
		f.Add("lead_" + test.suffix)
	}
	f.Add("org_8zzzzzzzzzzzzzzzzzzzzzzzzz")
	f.Add("nothing of the sort")
	f.Fuzz(func(t *testing.T, text string) {
		k, u, err := id.Parse(text)
		if err != nil {
			mustBeError(t, err, &id.Error{Text: text})
			return
		}
		if got := k.Encode(u); got != text {
			t.Errorf("Parse took %q, whose text is %q", text, got)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	u := id.New()
	b.ReportAllocs()
	for b.Loop() {
		_ = id.Pipeline.Encode(u)
	}
}

func BenchmarkDecode(b *testing.B) {
	text := id.Pipeline.Encode(id.New())
	b.ReportAllocs()
	for b.Loop() {
		_, _ = id.Pipeline.Decode(text)
	}
}

// mustBeError stops the test unless err is the *id.Error wanted.
func mustBeError(t *testing.T, err error, want *id.Error) {
	t.Helper()
	got, ok := errors.AsType[*id.Error](err)
	if !ok {
		t.Fatalf("error %v is no *id.Error", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("error (-want +got):\n%s", diff)
	}
}
