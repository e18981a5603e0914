using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Wallets.Server.Api;

/// <summary>What the OpenAPI document says beyond what the endpoints show by themselves.</summary>
internal static class ApiDocument
{
    private const string Bearer = "bearer";

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Wallets";
            document.Info.Description =
                "Coins in, gifts, diamonds out. Amounts are integers; times are RFC 3339 in UTC; errors are problem documents with a stable code. "
                + $"Every POST that moves value takes {Requests.KeyHeader}, a UUID: the same key has one effect and gets the same answer.";
            document.Components ??= new();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = Bearer, BearerFormat = "JWT" };
            document.Security = [new() { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(Coins) || context.JsonTypeInfo.Type == typeof(Diamonds))
                (schema.Type, schema.Format) = (JsonSchemaType.Integer, "int64");
            return Task.CompletedTask;
        });
    }
}
