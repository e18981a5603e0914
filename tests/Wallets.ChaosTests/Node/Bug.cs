namespace Wallets.ChaosTests.Node;

/// <summary>A bug that money code could have, planted to see the judge find it.</summary>
internal enum Bug
{
    /// <summary>Two writers may take the same (account, seq), and now and then two do.</summary>
    SkipFence,

    /// <summary>A credit that is delivered twice is written twice.</summary>
    SkipCreditDedup,

    /// <summary>An append is answered before the commit that contains it.</summary>
    AcknowledgeBeforeCommit,

    /// <summary>The relay forgets batches, and settlement does not look for them.</summary>
    LoseRelayBatch,

    /// <summary>A credit is known by its key alone, whoever sent it.</summary>
    DropOrigin,

    /// <summary>A session whose append failed goes on as if it had been written.</summary>
    BrokenSessionGoesOn,

    /// <summary>Refunded gifts are not taken back from their creators.</summary>
    LoseClawbacks,

    /// <summary>A payment can be claimed by any number of users.</summary>
    ClaimForAnybody,
}
