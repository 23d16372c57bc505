# Distributor runs this in the folder that it has unpacked, as the system. Installing a version over another one keeps
# configuration and state. install.ps1 is the same.
$ErrorActionPreference = 'Stop'
$msi = Get-ChildItem -Path $PSScriptRoot -Filter '*.msi' | Select-Object -First 1
if (-not $msi) {
    Write-Error 'otelcol-cloudwatch: no MSI is in this folder'
    exit 1
}
$log = Join-Path $env:TEMP 'otelcol-cloudwatch-install.log'
$installer = Start-Process msiexec.exe -Wait -PassThru -ArgumentList @('/i', "`"$($msi.FullName)`"", '/qn', '/norestart', '/l*v', "`"$log`"")
# 3010: installed, and a restart is wanted, which a service does not need. 1638: this version is there already.
if ($installer.ExitCode -notin 0, 3010, 1638) {
    Write-Error "otelcol-cloudwatch: msiexec ended with $($installer.ExitCode); see $log"
    exit $installer.ExitCode
}
& (Join-Path $env:ProgramFiles 'otelcol-cloudwatch\otelcol-cloudwatch.exe') --version
