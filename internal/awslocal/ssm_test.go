package awslocal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-cloudwatch/otelcol-cloudwatch/internal/awslocal"
)

func ssmClient(s *awslocal.Server) *ssm.Client {
	return ssm.NewFromConfig(s.AWSConfig(context.Background()))
}

func TestSDKWritesAndReadsParameters(t *testing.T) {
	t.Parallel()
	client, ctx := ssmClient(awslocal.Serve(t, awslocal.Options{})), context.Background()
	put, err := client.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String("/otel/token"), Value: aws.String("s3cret"), Type: types.ParameterTypeSecureString,
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("ops")}},
	})
	require.NoError(t, err)
	assert.EqualValues(t, 1, put.Version)
	assert.Equal(t, types.ParameterTierStandard, put.Tier)

	sealed, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/otel/token")})
	require.NoError(t, err)
	assert.NotEqual(t, "s3cret", *sealed.Parameter.Value)
	open, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/otel/token:1"), WithDecryption: aws.Bool(true)})
	require.NoError(t, err)
	assert.Equal(t, "s3cret", *open.Parameter.Value)
	assert.Equal(t, ":1", *open.Parameter.Selector)
	assert.False(t, open.Parameter.LastModifiedDate.IsZero())

	described, err := client.DescribeParameters(ctx, &ssm.DescribeParametersInput{
		ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("tag:team"), Values: []string{"ops"}}},
	})
	require.NoError(t, err)
	require.Len(t, described.Parameters, 1)
	assert.Equal(t, "arn:aws:iam::123456789012:user/local", *described.Parameters[0].LastModifiedUser)

	_, err = client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String("/otel/token")})
	require.NoError(t, err)
}

func TestSDKKnowsTheErrorsOfParameterStore(t *testing.T) {
	t.Parallel()
	client, ctx := ssmClient(awslocal.Serve(t, awslocal.Options{})), context.Background()
	put := func(name, value string) error {
		_, err := client.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String(name), Value: aws.String(value), Type: types.ParameterTypeString})
		return err
	}
	require.NoError(t, put("p", "v"))

	var exists *types.ParameterAlreadyExists
	require.ErrorAs(t, put("p", "v"), &exists)
	assert.Equal(t, "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.", exists.ErrorMessage())
	var missing *types.ParameterNotFound
	_, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("q")})
	require.ErrorAs(t, err, &missing)
	var version *types.ParameterVersionNotFound
	_, err = client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("p:2")})
	require.ErrorAs(t, err, &version)
	var api smithy.APIError
	require.ErrorAs(t, put("large", strings.Repeat("x", 4097)), &api)
	assert.Equal(t, "ValidationException", api.ErrorCode())
}

func TestSDKWalksEmptyPages(t *testing.T) {
	t.Parallel()
	client, ctx := ssmClient(awslocal.Serve(t, awslocal.Options{})), context.Background()
	for i := range 25 {
		_, err := client.PutParameter(ctx, &ssm.PutParameterInput{
			Name: aws.String(fmt.Sprintf("/otel/%02d", i)), Value: aws.String("v"), Type: types.ParameterTypeString,
		})
		require.NoError(t, err)
	}
	var sizes []int
	pages := ssm.NewGetParametersByPathPaginator(client, &ssm.GetParametersByPathInput{Path: aws.String("/otel")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		require.NoError(t, err)
		sizes = append(sizes, len(page.Parameters))
	}
	assert.Equal(t, []int{10, 10, 0, 5}, sizes)
}

func TestCLIWritesAndReadsParameters(t *testing.T) {
	t.Parallel()
	s := awslocal.Serve(t, awslocal.Options{})
	runAWS(t, s.Env(), "ssm", "put-parameter", "--name", "/otel/config", "--value", "receivers: {}", "--type", "String")

	var got struct {
		Parameter struct{ Name, Value, ARN, Type string }
	}
	require.NoError(t, json.Unmarshal(runAWS(t, s.Env(), "ssm", "get-parameter", "--name", "/otel/config"), &got))
	assert.Equal(t, "receivers: {}", got.Parameter.Value)
	assert.Equal(t, "arn:aws:ssm:us-east-1:123456789012:parameter/otel/config", got.Parameter.ARN)

	var list struct{ Parameters []struct{ Name string } }
	require.NoError(t, json.Unmarshal(runAWS(t, s.Env(), "ssm", "get-parameters-by-path", "--path", "/otel", "--recursive"), &list))
	require.Len(t, list.Parameters, 1)
	assert.Equal(t, "/otel/config", list.Parameters[0].Name)
}
