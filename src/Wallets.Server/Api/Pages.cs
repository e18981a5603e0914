using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;
using Wallets.Server.Hosting;
using Wallets.Web;

namespace Wallets.Server.Api;

/// <summary>
/// The pages' way in: the same bearer token as the API's, kept in a cookie that only the pages read. The API never takes it, so a
/// foreign page that has a visitor's browser send something moves nothing.
/// </summary>
internal static class Pages
{
    private const string Cookie = "wallets-token";
    private static readonly string[] NotPages = ["/v1", "/dev", "/openapi", "/docs", "/health", "/live/negotiate"];

    public static void AddPages(this WebApplicationBuilder builder, Settings settings, bool demo)
    {
        builder.WebHost.UseStaticWebAssets();
        builder.Services.AddPages(new PagesOptions(settings.IsDevelopment, settings.Hold, settings.Limits.CoinsPerDay, settings.Limits.CoinsPerWeek, Tokens.CallerOf), demo);
        builder.Services.AddAntiforgery(options => options.Cookie.SameSite = SameSiteMode.Strict);
        builder.Services.Configure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options => options.Events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                if (IsPage(context.Request)) context.Token = context.Request.Cookies[Cookie];
                return Task.CompletedTask;
            },
            OnChallenge = context =>
            {
                if (ToSignIn(context.HttpContext, context.Request.Cookies.ContainsKey(Cookie) ? "token" : null)) context.HandleResponse();
                return Task.CompletedTask;
            },
            OnForbidden = context =>
            {
                ToSignIn(context.HttpContext, "role");
                return Task.CompletedTask;
            },
        });
    }

    /// <summary>Forms are checked against forgery by the middleware before they are read.</summary>
    public static void MapSignIn(this WebApplication app, Settings settings)
    {
        if (settings.IsDevelopment)
            app.MapPost("/sign-in/as", (HttpContext http, IFormCollection form, SymmetricSecurityKey key, TimeProvider time) =>
            {
                string? sub = form["sub"];
                string[] roles = [.. form["roles"].OfType<string>()];
                if (!Identifier.IsValid(sub) || !roles.All(role => Tokens.TryParseRole(role, out _))) return Results.LocalRedirect("/sign-in");
                Keep(http, Tokens.IssueDevToken(key, settings, time, sub!, roles));
                return Results.LocalRedirect(Target(form["to"], roles));
            }).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sign-in/token", (HttpContext http, IFormCollection form) =>
        {
            Keep(http, form["token"].ToString());   // believed or not when it is next read
            return Results.LocalRedirect(Target(form["to"], []));
        }).AllowAnonymous().ExcludeFromDescription();
    }

    private static void Keep(HttpContext http, string token) => http.Response.Cookies.Append(Cookie, token, new CookieOptions
    {
        HttpOnly = true,
        IsEssential = true,
        SameSite = SameSiteMode.Lax,   // a link to a page from elsewhere finds its visitor signed in
        Secure = http.Request.IsHttps,
        Path = "/",
    });

    private static bool IsPage(HttpRequest request) =>
        !request.Headers.ContainsKey("Authorization") && !NotPages.Any(path => request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase));

    /// <summary>A browser that asks for a page is shown where to sign in; everybody else gets the API's answer.</summary>
    private static bool ToSignIn(HttpContext http, string? reason)
    {
        if (!IsPage(http.Request) || !HttpMethods.IsGet(http.Request.Method) || !http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)) return false;
        var to = Uri.EscapeDataString(http.Request.Path + http.Request.QueryString);
        http.Response.Redirect($"/sign-in?to={to}{(reason is null ? "" : $"&reason={reason}")}");
        return true;
    }

    private static string Target(string? to, string[] roles) =>
        to is { Length: > 1 } && to[0] == '/' && to[1] is not ('/' or '\\') ? to : roles.Contains("operator") ? "/ops" : roles.Contains("creator") ? "/creator" : "/";
}
