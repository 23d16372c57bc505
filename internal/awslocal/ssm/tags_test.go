package ssm

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTagsAreAddedReplacedAndRemoved(t *testing.T) {
	s := newStore(t, Config{})
	s.put("p", "v")
	resource := func(more object) object {
		in := object{"ResourceType": "Parameter", "ResourceId": "p"}
		for k, v := range more {
			in[k] = v
		}
		return in
	}
	s.must("AddTagsToResource", resource(object{"Tags": []object{{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}}}))
	s.must("AddTagsToResource", resource(object{"Tags": []object{{"Key": "b", "Value": "2"}}}))
	assert.Equal(t, []any{object{"Key": "a", "Value": ""}, object{"Key": "b", "Value": "2"}}, s.must("ListTagsForResource", resource(nil))["TagList"])
	s.must("RemoveTagsFromResource", resource(object{"TagKeys": []string{"a", "none"}}))
	assert.Equal(t, []any{object{"Key": "b", "Value": "2"}}, s.must("ListTagsForResource", resource(nil))["TagList"])
}

func TestFiftyTagsAreTheMost(t *testing.T) {
	s := newStore(t, Config{})
	var tags []object
	for i := range MaxTags + 1 {
		tags = append(tags, object{"Key": fmt.Sprint("k", i), "Value": "v"})
	}
	s.must("PutParameter", object{"Name": "p", "Value": "v", "Type": "String", "Tags": tags[:MaxTags]})
	s.fails("TooManyTagsError", "AddTagsToResource", object{"ResourceType": "Parameter", "ResourceId": "p", "Tags": tags[MaxTags:]})
	s.fails("TooManyTagsError", "PutParameter", object{"Name": "q", "Value": "v", "Type": "String", "Tags": tags})
}

func TestTagErrors(t *testing.T) {
	s := newStore(t, Config{})
	s.fails("InvalidResourceId", "ListTagsForResource", object{"ResourceType": "Parameter", "ResourceId": "none"})
	s.fails("InvalidResourceType", "ListTagsForResource", object{"ResourceType": "Document", "ResourceId": "d"})
	s.fails("ValidationException", "ListTagsForResource", object{"ResourceType": "Bucket", "ResourceId": "d"})
	s.fails("ValidationException", "AddTagsToResource", object{"ResourceType": "Parameter", "ResourceId": "p"})
	s.fails("ValidationException", "AddTagsToResource", object{"ResourceType": "Parameter", "ResourceId": "p", "Tags": []object{{"Key": "a#b", "Value": "v"}}})
}
