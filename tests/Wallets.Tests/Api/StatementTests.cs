using System.Diagnostics;
using System.Net.Http.Json;
using Microsoft.Data.Sqlite;
using Wallets.Server.Api;
using Wallets.Server.Commands;
using Wallets.Tests.Infrastructure;
using Wallets.Tests.Shared;
using Xunit;

namespace Wallets.Tests.Api;

/// <summary>Statements, receipts and finance's commands, against the real server and its ledger.</summary>
public sealed class StatementTests(Databases databases)
{
    private const int FewLines = 50_000;
    private const int ManyLines = 500_000;
    private const long MostGrowth = 128L << 20;   // what the collector takes by itself; the lines together would be three times that

    private static string Key() => Guid.CreateVersion7().ToString();
    private static string Month => $"{TimeProvider.System.GetUtcNow():yyyy-MM}";

    [Fact]
    public async Task A_month_can_be_read_by_its_holder_and_by_operators_as_csv_and_json()
    {
        await using var server = await ServerProcess.StartAllInOne(databases.NewFolder());
        var (ann, key) = await Given(server);
        using var creator = await ApiClient.As(server.Url, "cleo", "creator");
        using var staff = await ApiClient.As(server.Url, "olga", "operator");
        await Eventually.Is(() => creator.Get($"/v1/creators/cleo/statement?month={Month}&format=json"), answer => answer["lines"].GetArrayLength() == 1);

        var csv = await ann.Get($"/v1/wallets/ann/statement?month={Month}");
        var json = await staff.Get($"/v1/wallets/ann/statement?month={Month}&format=json");
        var earlier = await ann.Get("/v1/wallets/ann/statement?month=2020-01&format=json");
        var platform = await staff.Get($"/v1/admin/statement?month={Month}&format=json");
        var platformCsv = await staff.Get($"/v1/admin/statement?month={Month}");

        Assert.Equal((200, "text/csv"), (csv.Status, csv.MediaType));
        var rows = csv.Text.Split("\r\n");
        Assert.Equal(["seq", "", "1", "2", "", ""], rows.Select(row => row.Split(',')[0]));
        Assert.Equal(["kind", "opening_balance", "purchase", "gift_sent", "closing_balance"], rows[..5].Select(row => row.Split(',')[1]));
        Assert.Equal("310", rows[4].Split(',')[3]);
        Assert.All(rows[..5], row => Assert.Equal(StatementCsv.Columns.Length, row.Split(',').Length));
        Assert.Equal((0, 310, 2), (json.Long("openingBalance"), json.Long("closingBalance"), json["lines"].GetArrayLength()));
        Assert.Equal(key, json["lines"][1].GetProperty("transferId").GetString());
        Assert.Equal((0, 0), (earlier.Long("closingBalance"), earlier["lines"].GetArrayLength()));
        Assert.Equal(3, platform["lines"].GetArrayLength());
        Assert.Equal(["", "account", "ann", "ann", "cleo"], platformCsv.Text.Split("\r\n").Select(row => row.Split(',')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Nobody_else_reads_them_and_bad_questions_are_refused()
    {
        await using var server = await ServerProcess.StartAllInOne(databases.NewFolder());
        var (ann, key) = await Given(server);
        using var bob = await ApiClient.As(server.Url, "bob", "viewer", "creator");

        foreach (var path in new[] { $"/v1/wallets/ann/statement?month={Month}", $"/v1/creators/cleo/statement?month={Month}", $"/v1/admin/statement?month={Month}", $"/v1/wallets/ann/gifts/{key}/receipt", $"/v1/creators/cleo/gifts/ann/{key}/receipt", "/v1/admin/totals?from=2026-01-01&to=2026-01-02" })
            Assert.Equal((403, path), ((await bob.Get(path)).Status, path));
        Assert.Equal((404, "unknown_key"), ((await bob.Get($"/v1/creators/bob/gifts/ann/{key}/receipt")).Status, (await bob.Get($"/v1/creators/bob/gifts/ann/{key}/receipt")).Code));
        Assert.Equal("invalid_month", (await ann.Get("/v1/wallets/ann/statement")).Code);
        Assert.Equal("invalid_month", (await ann.Get("/v1/wallets/ann/statement?month=2026-13")).Code);
        Assert.Equal("invalid_format", (await ann.Get($"/v1/wallets/ann/statement?month={Month}&format=xml")).Code);
    }

    [Fact]
    public async Task A_gifts_receipt_divides_what_was_paid_to_the_cent_and_hides_the_purchase_from_the_creator()
    {
        await using var server = await ServerProcess.StartAllInOne(databases.NewFolder());
        var (ann, key) = await Given(server);
        using var creator = await ApiClient.As(server.Url, "cleo", "creator");
        using var staff = await ApiClient.As(server.Url, "olga", "operator");

        var own = await ann.Get($"/v1/wallets/ann/gifts/{key}/receipt");
        var theirs = await creator.Get($"/v1/creators/cleo/gifts/ann/{key}/receipt");
        var today = $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}";
        var totals = await staff.Get($"/v1/admin/totals?from={today}&to={today}");

        var money = own["money"][0];
        Assert.Equal((30, 0, 20, 0, 10), (Part("paid"), Part("storeFee"), Part("platform"), Part("agency"), Part("creator")));   // 20 of 330 coins for 499 cents
        Assert.Equal("dev", own["lots"][0].GetProperty("channel").GetString());
        Assert.False(theirs.Json.TryGetProperty("lots", out _));
        Assert.Equal($"{own["money"]}", $"{theirs["money"]}");
        Assert.Equal(310, totals["items"][0].GetProperty("coins").GetProperty("outstanding").GetInt64());

        int Part(string name) => money.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task A_receipt_shows_the_agencys_part_by_the_contract_in_force_at_the_gift()
    {
        await using var server = await ServerProcess.StartAllInOne(databases.NewFolder());
        var (ann, before) = await Given(server);
        using var staff = await ApiClient.As(server.Url, "olga", "operator");
        using var creator = await ApiClient.As(server.Url, "cleo", "creator");
        var from = TimeProvider.System.GetUtcNow().AddSeconds(1);
        var contract = new { agencyId = "stars", account = "acct-stars", basisPoints = 2_000, effectiveFrom = from };
        Assert.Equal(200, (await staff.Send(HttpMethod.Put, "/v1/admin/creators/cleo/payout-profile", JsonContent.Create(new { reason = "Signed.", contract }), null)).Status);
        await Eventually.Is(() => Task.FromResult(TimeProvider.System.GetUtcNow()), now => now > from);
        var stream = (await creator.Post("/v1/streams", new { creatorId = "cleo", title = "Live" })).String("streamId");
        var after = (await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "doughnut", quantity = 1 }, Key())).String("key");

        Assert.Equal((0, 10), await Parts(before));
        Assert.Equal((2, 8), await Parts(after));

        async Task<(int Agency, int Creator)> Parts(string gift)
        {
            var money = (await ann.Get($"/v1/wallets/ann/gifts/{gift}/receipt"))["money"][0];
            return (money.GetProperty("agency").GetInt32(), money.GetProperty("creator").GetInt32());
        }
    }

    [Fact]
    public async Task Ten_times_as_long_a_statement_takes_no_more_memory()
    {
        var folder = databases.NewFolder();
        await using (var first = await ServerProcess.StartAllInOne(folder)) await first.Terminate();
        await Seed(Path.Combine(folder, "data", "ledger.db"));
        await using var server = await ServerProcess.StartAllInOne(folder);
        using var staff = await ApiClient.As(server.Url, "olga", "operator");

        Assert.Equal((FewLines + 3, $"{FewLines}"), await Export("2020-01"));
        var before = server.PeakMemory;
        Assert.Equal((ManyLines + 3, $"{FewLines + ManyLines}"), await Export("2020-02"));

        TestContext.Current.TestOutputHelper?.WriteLine($"grew by {(server.PeakMemory - before) >> 20} MB");
        Assert.InRange(server.PeakMemory - before, 0, MostGrowth);

        async Task<(int Lines, string ClosingBalance)> Export(string month)
        {
            using var http = new HttpClient { BaseAddress = new Uri(server.Url) };
            staff.Lend(http);
            using var reader = new StreamReader(await http.GetStreamAsync(new Uri($"/v1/wallets/long/statement?month={month}", UriKind.Relative)));
            var (lines, last) = (0, "");
            while (await reader.ReadLineAsync() is { } line) (lines, last) = (lines + 1, line);
            return (lines, last.Split(',')[3]);
        }
    }

    [Fact]
    public async Task Reports_and_totals_are_commands_beside_a_running_server()
    {
        var folder = databases.NewFolder();
        await using var server = await ServerProcess.StartAllInOne(folder);
        await Given(server);
        var report = Path.Combine(folder, "report.csv");

        await File.WriteAllTextAsync(report, "payment_id,note,amount_minor,currency,type\r\n\"p-1\",\"a, quoted\nnote\",499,usd,payment\r\n");
        Assert.Equal(0, (await Run(folder, "reconcile", "--channel", "dev", "--file", report, "--month", Month)).Code);

        await File.AppendAllTextAsync(report, "p-2,,1,USD,payment\r\n");
        var (code, output) = await Run(folder, "reconcile", "--channel", "dev", "--file", report);
        Assert.Equal(1, code);
        Assert.Contains("missing in the ledger: payment p-2 of 1 USD (line 4)", output);

        await File.AppendAllTextAsync(report, "p-3,,1.50,USD,payment\r\n");
        (code, output) = await Run(folder, "reconcile", "--channel", "dev", "--file", report);
        Assert.Equal(2, code);
        Assert.Contains("line 5: amount_minor '1.50'", output);
        Assert.Equal(2, (await Run(folder, "reconcile", "--channel", "cash", "--file", report)).Code);

        var today = $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}";
        (code, output) = await Run(folder, "totals", "--from", today, "--to", today);
        Assert.Equal(0, code);
        Assert.Contains("\"outstanding\":310", output);
    }

    [Theory]
    [InlineData("=SUM(A1)", "'=SUM(A1)")]
    [InlineData("-1+1", "'-1+1")]
    [InlineData("@cmd", "'@cmd")]
    [InlineData("a,\"b\"\n", "\"a,\"\"b\"\"\n\"")]
    [InlineData("plain", "plain")]
    public void Text_is_quoted_and_never_a_formula(string text, string field) => Assert.Equal(field, StatementCsv.Field(text));

    [Theory]
    [InlineData("", "line 1: the report is empty")]
    [InlineData("id,amount\n", "line 1: the header must name")]
    [InlineData("payment_id,amount_minor,currency,type\n,1,USD,payment\n", "line 2: no payment_id")]
    [InlineData("payment_id,amount_minor,currency,type\na,1,USD\n", "line 2: too few columns")]
    [InlineData("payment_id,amount_minor,currency,type\na,1,USD,gift\n", "line 2: type 'gift'")]
    [InlineData("payment_id,amount_minor,currency,type\na,-1,USD,refund\n", "line 2: amount_minor '-1'")]
    [InlineData("payment_id,amount_minor,currency,type\na,1,US$,refund\n", "line 2: currency")]
    [InlineData("payment_id,amount_minor,currency,type\n\"a,1,USD,refund\n", "line 2: not CSV")]
    public void A_line_that_cannot_be_read_is_named(string report, string fault) =>
        Assert.StartsWith(fault, Assert.Single(SettlementReport.Read(new StringReader(report))).Fault);

    /// <summary>Ann buys 330 coins for 499 cents and sends one doughnut, of 20 coins, to Cleo.</summary>
    private static async Task<(ApiClient Ann, string Gift)> Given(ServerProcess server)
    {
        var ann = await ApiClient.As(server.Url, "ann", "viewer");
        using var creator = await ApiClient.As(server.Url, "cleo", "creator");
        var stream = (await creator.Post("/v1/streams", new { creatorId = "cleo", title = "Live" })).String("streamId");
        await ann.Post("/v1/wallets/ann/purchases", new { packId = "coins-330", channel = "dev", proof = "dev:p-1" }, Key());
        var gift = await ann.Post("/v1/wallets/ann/gifts", new { streamId = stream, giftId = "doughnut", quantity = 1 }, Key());
        Assert.Equal(201, gift.Status);
        return (ann, gift.String("key"));
    }

    /// <summary>A wallet with lines in January 2020 and ten times as many in February.</summary>
    private static async Task Seed(string ledger)
    {
        await using var connection = new SqliteConnection($"Data Source={ledger};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            $$"""
            INSERT INTO accounts (kind, name) VALUES (1, 'long');
            WITH RECURSIVE line(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM line WHERE n < {{FewLines + ManyLines}})
            INSERT INTO entries (account_id, seq, transfer_id, amount, balance_after, counterparty, recorded_at, kind, detail)
            SELECT a.account_id, n, randomblob(16), 1, n, 0, unixepoch(CASE WHEN n <= {{FewLines}} THEN '2020-01-15' ELSE '2020-02-15' END) * 1000000, 9, '{"reason":"a correction of one coin"}'
            FROM line, accounts a WHERE a.name = 'long' AND a.kind = 1 ORDER BY n
            """;
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<(int Code, string Output)> Run(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Repository.Server, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
