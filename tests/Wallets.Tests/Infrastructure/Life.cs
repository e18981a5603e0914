using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Wallets.Ledger;
using Wallets.Tests.Ledger;

namespace Wallets.Tests.Infrastructure;

/// <summary>
/// A silo's life, which ends before or after the n-th step: a write of a grain's state, the commit of an entry, a line of an act, as far as
/// they are steps of what is tested. What the silo does afterwards has no effect, as after kill -9.
/// </summary>
internal sealed class Life(int step, bool afterIt, Func<string, bool> isStepOfState, Func<Entry, bool> isStepOfLedger)
{
    private readonly LedgerWriterOptions _writer = new();
    private int _steps;
    private bool _isOver;

    /// <summary>Steps are counted from when this is set.</summary>
    public bool HasBegun { get; set; } = true;

    public bool IsOver
    {
        get => _isOver;
        private set
        {
            _isOver = value;
            _writer.GiveUpAfter = TimeSpan.Zero;   // the dead need not be patient
        }
    }

    public async Task<T> Step<T>(Func<Task<T>> effect)
    {
        DieIfOver();
        if (!HasBegun) return await effect();
        var isLast = Interlocked.Increment(ref _steps) == step;
        if (isLast && !afterIt) IsOver = true;
        DieIfOver();
        var result = await effect();
        if (isLast) IsOver = true;
        DieIfOver();
        return result;
    }

    public void DieIfOver()
    {
        if (IsOver) throw new IOException("This silo is dead.");
    }

    public ILedger Wrap(ILedger ledger) => new MortalLedger(ledger, this);

    /// <summary>Puts the silo's storage under this life; its ledger goes through <see cref="Wrap"/>.</summary>
    public void Bind(IServiceCollection services)
    {
        services.AddSingleton(_writer);
        WrappedStorage.Put(services, storage => new MortalStorage(storage, this));
    }

    private sealed class MortalStorage(IGrainStorage inner, Life life) : WrappedStorage(inner)
    {
        public override async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            life.DieIfOver();
            if (!life.IsStepOfState(stateName)) await base.WriteStateAsync(stateName, grainId, grainState);
            else await life.Step(async () =>
            {
                await base.WriteStateAsync(stateName, grainId, grainState);
                return true;
            });
        }
    }

    private sealed class MortalLedger(ILedger inner, Life life) : WrappedLedger(inner)
    {
        public override Task<CommitResult> Commit(IReadOnlyList<Append> batch, CancellationToken cancellation) => UnlessDead(() =>
            batch.Any(append => append.Entries.Any(life.IsStepOfLedger)) ? life.Step(() => base.Commit(batch, cancellation)) : base.Commit(batch, cancellation));

        public override Task<bool> RecordAct(ActStep step) => UnlessDead(() => life.Step(() => base.RecordAct(step)));

        private async Task<T> UnlessDead<T>(Func<Task<T>> effect)
        {
            try
            {
                life.DieIfOver();
                return await effect();
            }
            catch (IOException death)
            {
                throw new LedgerFaultException(mayHaveCommitted: true, death);
            }
        }
    }

    private bool IsStepOfState(string stateName) => isStepOfState(stateName);

    private bool IsStepOfLedger(Entry entry) => isStepOfLedger(entry);
}
