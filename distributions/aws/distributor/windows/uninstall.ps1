# Distributor runs this as the system. What is in C:\ProgramData\otelcol-cloudwatch stays.
$ErrorActionPreference = 'Stop'
$keys = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*'
$found = Get-ItemProperty $keys | Where-Object { $_.PSObject.Properties['Publisher'] -and $_.Publisher -eq 'otelcol-cloudwatch' }
if (-not $found) {
    Write-Output 'otelcol-cloudwatch: it is not installed'
    exit 0
}
foreach ($product in $found) {
    $installer = Start-Process msiexec.exe -Wait -PassThru -ArgumentList @('/x', $product.PSChildName, '/qn', '/norestart')
    if ($installer.ExitCode -notin 0, 3010, 1605) {
        Write-Error "otelcol-cloudwatch: msiexec ended with $($installer.ExitCode)"
        exit $installer.ExitCode
    }
}
