using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Wallets.Benchmarks.Load;
using Wallets.Benchmarks.Machine;

namespace Wallets.Benchmarks.Contenders;

/// <summary>
/// Our ledger from outside, by SQL: accounts, purchases and old gifts go in by COPY, as correct entries that the audit accepts, before
/// any grain has read its account; and how many gifts have been credited is read from the creators' last entries. Names are those
/// that the benchmark's callers use: wallet n is "w" + n, creator n "c" + n.
/// </summary>
internal sealed class OurLedger(PostgresServer postgres, Population population)
{
    public const string GiftId = "rose";   // one coin
    private const int GiftsPerCopy = 500_000;
    private const string EntryColumns =
        "account_id, seq, transfer_id, amount, balance_after, counterparty, recorded_at, kind, rate_version, quantity, diamonds, stream_id, gift_id, detail";

    public static readonly string CopyEntries = $"COPY entries ({EntryColumns}) FROM STDIN (FORMAT BINARY)";
    private long _creditedBefore;
    private int _strangers;

    public static string WalletName(int wallet) => "w" + wallet.ToString(CultureInfo.InvariantCulture);
    public static string CreatorName(int creator) => "c" + creator.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Opens all accounts and funds each wallet with one purchase. With <paramref name="historyEntries"/>, as many entries of old gifts
    /// come on top, among the same accounts and forty-nine strangers for each of them: one wallet holds fifty or so, as in a
    /// system that most of its users have left.
    /// </summary>
    public async Task Seed(long historyEntries = 0)
    {
        _strangers = historyEntries == 0 ? 0 : (int)Math.Clamp(historyEntries / 2 / 25 / population.Wallets - 1, 0, 49);
        await OpenAccounts();
        await FundWallets();
        if (historyEntries > 0) await WriteHistory(historyEntries / 2);
        await postgres.Execute("VACUUM (ANALYZE) entries; ", timeoutSeconds: 3_600);
        await postgres.Execute("ANALYZE accounts");
        await postgres.Execute("CHECKPOINT");
        _creditedBefore = await CountCredits();
    }

    /// <summary>Appends so many settled gifts to every wallet but the last, all to the first creator, while none of them is active. Not after a history.</summary>
    public async Task AppendGifts(int giftsPerWallet)
    {
        var seqs = new long[population.Wallets];
        await using (var connection = new NpgsqlConnection(postgres.ConnectionString))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("SELECT account_id, max(seq) FROM entries GROUP BY account_id", connection);
            await using var rows = await command.ExecuteReaderAsync();
            while (await rows.ReadAsync())
                if (rows.GetInt64(0) <= population.Wallets) seqs[rows.GetInt64(0) - 1] = rows.GetInt64(1);
        }
        var (creator, creatorSeq, now) = (population.Wallets + 1L, await CountCredits(), TimeProvider.System.GetUtcNow().AddHours(-1));
        await Copy(CopyEntries, rows =>
        {
            for (var gift = 0; gift < giftsPerWallet; gift++)
                for (var wallet = 0; wallet < population.Wallets - 1; wallet++)
                    WriteGift(rows, Guid.CreateVersion7(now), wallet + 1, ++seqs[wallet], creator, ++creatorSeq, now.UtcDateTime);
        });
    }

    /// <summary>Gifts credited since the seed.</summary>
    public async Task<long> CountCredited() => await CountCredits() - _creditedBefore;

    /// <summary>Each creator's entries are credits, numbered without gaps, so their last numbers say how many.</summary>
    private Task<long> CountCredits() => postgres.Scalar<long>(
        $"""
        SELECT coalesce(sum(seq), 0)::bigint FROM generate_series(0, {population.Creators - 1}) AS creator
        CROSS JOIN LATERAL (SELECT seq FROM entries WHERE account_id = {AllWallets} + 1 + creator * {_strangers + 1}::bigint ORDER BY seq DESC LIMIT 1) last
        """);

    private int AllWallets => population.Wallets * (_strangers + 1);
    private int AllCreators => population.Creators * (_strangers + 1);

    /// <summary>Those who take part stand evenly among the strangers, so that they are no neighbours in any index.</summary>
    private string NameAt(int position, Func<int, string> name) =>
        position % (_strangers + 1) == 0 ? name(position / (_strangers + 1)) : "stranger" + position.ToString(CultureInfo.InvariantCulture);

    private async Task OpenAccounts()
    {
        await Copy("COPY accounts (account_id, kind, name) FROM STDIN (FORMAT BINARY)", rows =>
        {
            for (var i = 0; i < AllWallets + AllCreators; i++)
            {
                var isWallet = i < AllWallets;
                rows.StartRow();
                rows.Write((long)i + 1, NpgsqlDbType.Bigint);
                rows.Write((short)(isWallet ? 1 : 2), NpgsqlDbType.Smallint);
                rows.Write(isWallet ? NameAt(i, WalletName) : NameAt(i - AllWallets, CreatorName), NpgsqlDbType.Text);
            }
        });
        await postgres.Execute($"SELECT setval(pg_get_serial_sequence('accounts', 'account_id'), {AllWallets + AllCreators})");
    }

    private Task FundWallets() => Copy(CopyEntries, rows =>
    {
        var boughtAt = TimeProvider.System.GetUtcNow().AddDays(-31);
        for (var i = 0; i < AllWallets; i++)
        {
            rows.StartRow();
            WriteStart(rows, i + 1, 1, Guid.CreateVersion7(boughtAt), Population.Funds, Population.Funds, 0, boughtAt.UtcDateTime, 1);
            for (var column = 0; column < 5; column++) rows.WriteNull();
            rows.Write($$$"""{"packId":"web-22000","channel":"dev","payment":"seed-{{{i}}}","bonus":0,"price":{"amountMinor":24999,"currency":"USD"}}""", NpgsqlDbType.Jsonb);
        }
    });

    /// <summary>Settled gifts of the last thirty days but one, in the order of time.</summary>
    private async Task WriteHistory(long gifts)
    {
        var random = new Random(11);
        var seqs = new long[AllWallets + AllCreators];
        Array.Fill(seqs, 1, 0, AllWallets);
        var from = TimeProvider.System.GetUtcNow().AddDays(-30);
        var pause = TimeSpan.FromDays(29) / gifts;
        for (long written = 0; written < gifts;)
        {
            var end = Math.Min(gifts, written + GiftsPerCopy);
            await Copy(CopyEntries, rows =>
            {
                for (; written < end; written++)
                {
                    var (wallet, creator) = (random.Next(AllWallets), AllWallets + random.Next(AllCreators));
                    var sentAt = from + pause * written;
                    WriteGift(rows, Guid.CreateVersion7(sentAt), wallet + 1, ++seqs[wallet], creator + 1, ++seqs[creator], sentAt.UtcDateTime);
                }
            });
        }
    }

    /// <summary>Both rows of a gift of one coin, given that each side has had nothing but such gifts.</summary>
    public static void WriteGift(NpgsqlBinaryImporter rows, Guid key, long wallet, long walletSeq, long creator, long creatorSeq, DateTime sentAt)
    {
        rows.StartRow();
        WriteStart(rows, wallet, walletSeq, key, -DrawnGift.Coins, Population.Funds - (walletSeq - 1) * DrawnGift.Coins, creator, sentAt, 2);
        rows.Write(1, NpgsqlDbType.Integer);
        rows.Write(1, NpgsqlDbType.Integer);
        rows.Write(DrawnGift.Diamonds, NpgsqlDbType.Bigint);
        rows.Write(StreamOf(creator), NpgsqlDbType.Uuid);
        rows.Write(GiftId, NpgsqlDbType.Text);
        rows.WriteNull();
        rows.StartRow();
        WriteStart(rows, creator, creatorSeq, key, DrawnGift.Diamonds, creatorSeq * DrawnGift.Diamonds, wallet, sentAt, 11);
        for (var column = 0; column < 6; column++) rows.WriteNull();
    }

    private static Guid StreamOf(long creator) => new((int)creator, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1);

    private static void WriteStart(NpgsqlBinaryImporter rows, long account, long seq, Guid key, long amount, long balanceAfter, long counterparty, DateTime recordedAt, short kind)
    {
        rows.Write(account, NpgsqlDbType.Bigint);
        rows.Write(seq, NpgsqlDbType.Bigint);
        rows.Write(key, NpgsqlDbType.Uuid);
        rows.Write(amount, NpgsqlDbType.Bigint);
        rows.Write(balanceAfter, NpgsqlDbType.Bigint);
        rows.Write(counterparty, NpgsqlDbType.Bigint);
        rows.Write(recordedAt, NpgsqlDbType.TimestampTz);
        rows.Write(kind, NpgsqlDbType.Smallint);
    }

    private async Task Copy(string command, Action<NpgsqlBinaryImporter> write)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false;Command Timeout=600");
        await connection.OpenAsync();
        await using var rows = await connection.BeginBinaryImportAsync(command);
        write(rows);
        await rows.CompleteAsync();
    }
}
