namespace Wallets;

/// <summary>
/// Nothing was written, and nothing will be: the caller may retry with the same key when it likes. One of Orleans' own, so that it
/// comes through an activation that could not read its state as it is.
/// </summary>
[GenerateSerializer, Alias("unavailable")]
public class UnavailableException(string message) : OrleansException(message);

/// <summary>The ledger's queue is full. Nothing was written.</summary>
[GenerateSerializer, Alias("overloaded")]
public sealed class OverloadedException() : UnavailableException("The ledger's queue is full; nothing was written. Retry with the same key.");

/// <summary>
/// The write may or may not be in the ledger. Only a retry with the same key tells; it has at most one effect.
/// </summary>
[GenerateSerializer, Alias("outcome-unknown")]
public sealed class OutcomeUnknownException() : Exception("It is not known whether the write was committed. Retry with the same key.");
