package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/id"
)

// What is here uploads photos: by the GraphQL multipart request specification,
// as a browser does.

// picture is a small image.
func (d *desk) picture() []byte {
	d.t.Helper()
	var data bytes.Buffer
	noError(d.t, png.Encode(&data, image.NewGray(image.Rect(0, 0, 2, 2))))
	return data.Bytes()
}

// uploading is a request that uploads a file.
func (d *desk) uploading(input object, selection string, file []byte) send {
	url := d.api.URL + "/graphql"
	return func(t *testing.T, c *apitest.Client) apitest.Response {
		t.Helper()
		operations, err := json.Marshal(object{
			"query": mutation("uploadLeadPhoto", selection), "variables": object{"input": with(input, "file", nil)},
		})
		noError(t, err)
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		noError(t, form.WriteField("operations", string(operations)))
		noError(t, form.WriteField("map", `{"0": ["variables.input.file"]}`))
		part, err := form.CreateFormFile("0", "photo.jpg") // whatever the client calls it
		noError(t, err)
		_, err = part.Write(file)
		noError(t, err)
		noError(t, form.Close())
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, &body)
		noError(t, err)
		request.Header.Set("Content-Type", form.FormDataContentType())
		request.Header.Set("GraphQL-Require-Preflight", "1")
		return c.Send(t, request)
	}
}

// upload uploads a photo.
func (d *desk) upload(input object, selection string) apitest.Value {
	d.t.Helper()
	// The file stands where the case's uses of the schema are looked for.
	vars := object{"input": with(input, "file", "photo.jpg")}
	return d.must(mutation("uploadLeadPhoto", selection), vars, d.uploading(input, selection, d.picture())).Get("uploadLeadPhoto")
}

// refuseUpload uploads what is to be refused, and to change nothing.
func (d *desk) refuseUpload(input object, file []byte, want string) {
	d.t.Helper()
	d.changesNothing("an upload", func() {
		response := d.uploading(input, "fileName", file)(d.t, d.who)
		if len(response.Errors) > 0 {
			d.t.Fatal(response.Raw)
		}
		d.is("problems", problemTexts(response.Data.Get("uploadLeadPhoto.userErrors")), want)
		d.text(response.Data.Get("uploadLeadPhoto.fileName"), "null")
	})
}

// photo is the name of a new photo.
func (d *desk) photo() string {
	d.t.Helper()
	response := d.uploading(object{}, "fileName", d.picture())(d.t, d.who)
	if len(response.Errors) > 0 || response.Data.Get("uploadLeadPhoto.fileName").IsNull() {
		d.t.Fatal(response.Raw)
	}
	return response.Data.Get("uploadLeadPhoto.fileName").String()
}

// get is the status of what a link without a token leads to; a photo must be
// the picture.
func (d *desk) get(link string) string {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.api.URL+link, nil)
	noError(d.t, err)
	response, err := http.DefaultClient.Do(request)
	noError(d.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	noError(d.t, err)
	if response.StatusCode == http.StatusOK && !bytes.Equal(body, d.picture()) {
		d.t.Errorf("%s is another file, of %d bytes", link, len(body))
	}
	return fmt.Sprint(response.StatusCode)
}

func uploadLeadPhoto(d *desk) {
	const selection = "fileName url lead { id photo photoUrl version }"
	ada, bob := d.lead("Ada"), d.lead("Bob")
	given := d.upload(object{"leadId": ada, "expectedVersion": 1}, selection)
	name, link := given.Get("fileName").String(), given.Get("url").String()
	d.shows(given, object{
		"fileName": name, "url": link, "lead": object{"id": ada, "photo": name, "photoUrl": link, "version": 2}, "userErrors": []object{},
	})
	if !strings.HasSuffix(name, ".png") { // by its content, whatever the client says
		d.t.Errorf("the photo is kept as %s", name)
	}
	d.is("the link", []string{d.get(link), d.get(strings.Replace(link, "signature=", "signature=x", 1))}, "200", "404")
	d.is("log", newest(1, d.log(ada)), "ada PHOTO_CHANGED photo")

	again := d.upload(object{"leadId": ada}, selection)
	d.is("the old link and the new", []string{d.get(link), d.get(again.Get("url").String())}, "404", "200")
	loose := d.upload(object{}, selection)
	d.shows(loose.Get("lead"), nil)
	d.change("updateLead", object{"id": bob, "photo": loose.Get("fileName").String()}, "lead { id }")
	d.isNow(bob, "photo photoUrl", object{"photo": loose.Get("fileName").String(), "photoUrl": loose.Get("url").String()})
	d.later(2*time.Hour + time.Second)
	d.is("the link, much later", []string{d.get(loose.Get("url").String()), d.get(d.node(bob, "photoUrl").Get("photoUrl").String())}, "404", "200")

	const notImage = "INVALID format input.file: Invalid file: it is not a whole image; send a PNG, JPEG or WebP."
	d.refuseUpload(object{"leadId": ada}, []byte("<svg/>"), notImage)
	d.refuseUpload(object{"leadId": ada}, d.picture()[:40], notImage)
	d.refuseUpload(object{}, nil, notImage)
	d.refuseUpload(object{}, append(d.picture(), make([]byte, 5<<20)...), "INVALID max input.file: Invalid file: the photo is over 5 MB; send a smaller one.")
	for _, wrong := range notIDs(id.Lead) {
		d.refuseUpload(object{"leadId": wrong}, d.picture(), badID(id.Lead, "input.leadId", wrong))
	}
	for _, missing := range []string{unknown(id.Lead), d.elsewhere().some(id.Lead)} {
		d.refuseUpload(object{"leadId": missing}, d.picture(), notFound(id.Lead, "input.leadId"))
	}
	d.refuseUpload(object{"leadId": ada, "expectedVersion": 1}, d.picture(),
		"CONFLICT version input.expectedVersion: It has version 3 now, not 1. Read it again and repeat the change.")
	d.fails(mutation("uploadLeadPhoto", ""), object{"input": object{"leadId": ada}}, "GRAPHQL_VALIDATION_FAILED at [variable input file]: must be defined")
}

func deleteLeadPhoto(d *desk) {
	lead := d.lead("Ada", object{"photo": d.photo()})
	had := d.node(lead, "photo photoUrl")
	name, link := had.Get("photo").String(), had.Get("photoUrl").String()
	input := object{"fileName": name}
	const missing = "NOT_FOUND exists input.fileName: Photo not found: uploadLeadPhoto answers the names of those that there are."
	d.elsewhere().refuse("deleteLeadPhoto", input, missing)
	d.is("the link", []string{d.get(link)}, "200")
	d.later(time.Minute)
	d.shows(d.change("deleteLeadPhoto", input, "deletedFileName lead { id photo photoUrl version updatedAt }"), object{
		"deletedFileName": name, "lead": object{"id": lead, "photo": nil, "photoUrl": nil, "version": 2, "updatedAt": d.now()}, "userErrors": []object{},
	})
	d.is("the link", []string{d.get(link)}, "404")
	d.is("log", newest(1, d.log(lead)), "ada PHOTO_DELETED photo")
	d.refuse("deleteLeadPhoto", input, missing)

	loose := d.photo()
	d.shows(d.change("deleteLeadPhoto", object{"fileName": loose}, "deletedFileName lead { id }"),
		object{"deletedFileName": loose, "lead": nil, "userErrors": []object{}})
	d.refuse("deleteLeadPhoto", object{"fileName": ""}, "REQUIRED required input.fileName: The fileName field is mandatory.")
	for _, odd := range []string{"photo.jpg", "../../etc/passwd", strings.ToUpper(loose)} {
		d.refuse("deleteLeadPhoto", object{"fileName": odd}, missing)
	}
}
