using System.Text.Json.Serialization;
using Wallets.Ledger.Recognition;

namespace Wallets.Grains.Matches;

/// <summary>What is stored of a match. The score is not: it is read from the ledger, until the result says what it was.</summary>
[GenerateSerializer, Alias("match-state")]
internal sealed class MatchState
{
    /// <summary>Two, the first of them having invited; empty if there is no match.</summary>
    [Id(0)] public MatchCreator[] Creators { get; set; } = [];

    [Id(1)] public DateTimeOffset InvitedAt { get; set; }
    [Id(2)] public bool IsDeclined { get; set; }
    [Id(3)] public DateTimeOffset? StartsAt { get; set; }

    /// <summary>How long it takes, pauses not counted.</summary>
    [Id(4)] public TimeSpan Length { get; set; }

    [Id(5)] public List<MatchPause> Pauses { get; set; } = [];

    /// <summary>When it was over, if that was in a pause which was too long.</summary>
    [Id(6)] public DateTimeOffset? BrokenOffAt { get; set; }

    /// <summary>In the order of the creators; null until the match has ended. Stored as what it was called first.</summary>
    [Id(7), JsonPropertyName("Result")] public long[]? FinalPoints { get; set; }

    /// <summary>Who asked for it, so that the same key is the same match.</summary>
    [Id(8)] public string AskedBy { get; set; } = "";

    [JsonIgnore] public MatchPause? OpenPause => Pauses.Count > 0 && Pauses[^1].Until is null ? Pauses[^1] : null;

    /// <summary>The cut-off; null while the clock stands.</summary>
    [JsonIgnore]
    public DateTimeOffset? EndsAt => BrokenOffAt
        ?? (StartsAt is null || OpenPause is not null ? null : StartsAt + Length + TimeSpan.FromTicks(Pauses.Sum(pause => (pause.Until!.Value - pause.From).Ticks)));

    [JsonIgnore] public MatchWindow Window => new(StartsAt!.Value, EndsAt ?? OpenPause!.From, [.. Pauses.Where(pause => pause.Until is not null).Select(pause => (pause.From, pause.Until!.Value))]);

    public string StatusAt(DateTimeOffset now, TimeSpan invitationTerm)
    {
        if (FinalPoints is not null) return MatchView.Ended;
        if (IsDeclined) return MatchView.Declined;
        if (StartsAt is null) return now < InvitedAt + invitationTerm ? MatchView.Invited : MatchView.Expired;
        if (EndsAt is not { } endsAt) return MatchView.Paused;
        return now < endsAt ? MatchView.Live : MatchView.Counting;
    }
}

/// <param name="AccountId">The earnings account; 0 until the match begins.</param>
/// <param name="StartSeq">The account's last entry when the match was about to begin: no gift of the match is among those before.</param>
/// <param name="EndSeq">Its last entry when the result was made.</param>
[GenerateSerializer, Immutable, Alias("match-creator")]
internal sealed record MatchCreator(string CreatorId, Guid? StreamId, long AccountId = 0, long StartSeq = 0, long EndSeq = 0);

/// <param name="ByOperator">Otherwise a stream had ended.</param>
[GenerateSerializer, Immutable, Alias("match-pause")]
internal sealed record MatchPause(DateTimeOffset From, DateTimeOffset? Until, bool ByOperator);
