namespace Wallets.Server.Hosting;

/// <summary>What Development prints once it serves: where to look, and the first lines to try.</summary>
internal static class Greeting
{
    public static void Print(ICollection<string> urls)
    {
        var url = urls.FirstOrDefault() ?? "http://127.0.0.1:5080";
        Console.WriteLine($$"""

            Wallets serves on {{url}}
              pages      {{url}}/   (with --demo: a show to watch)
              docs       {{url}}/docs
              dashboard  {{url}}/dashboard/
              metrics    {{url}}/metrics

            Try it:
              alias wallets='curl -s -H "Content-Type: application/json"'
              token() { wallets {{url}}/dev/token -d "{\"sub\":\"$1\",\"roles\":[\"$2\"]}" | sed 's/.*"token":"\([^"]*\)".*/\1/'; }
              key() { cat /proc/sys/kernel/random/uuid; }
              ANN=$(token ann viewer); CREATOR=$(token cleo creator)
              wallets {{url}}/v1/wallets/ann/purchases -H "Authorization: Bearer $ANN" -H "Idempotency-Key: $(key)" -d '{"packId":"coins-330","channel":"dev","proof":"dev:my-first"}'
              wallets {{url}}/v1/streams -H "Authorization: Bearer $CREATOR" -d '{"creatorId":"cleo","title":"Hello"}'
              wallets {{url}}/v1/wallets/ann/gifts -H "Authorization: Bearer $ANN" -H "Idempotency-Key: $(key)" -d '{"streamId":"STREAM-ID-FROM-ABOVE","giftId":"rose","quantity":7}'
              wallets {{url}}/v1/creators/cleo/earnings -H "Authorization: Bearer $CREATOR"

            """);
    }
}
